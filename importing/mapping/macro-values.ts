import { serviceKey } from '../nagios/assemble.ts';
import type { Definition, Group, NagiosConfiguration } from '../nagios/model.ts';
import type { MacroValues } from './macros.ts';

const settingMacros: { [macro: string]: string } = {
  ADMINEMAIL: 'admin_email',
  ADMINPAGER: 'admin_pager',
  LOGFILE: 'log_file',
  COMMANDFILE: 'command_file',
  TEMPFILE: 'temp_file',
  TEMPPATH: 'temp_path',
};

const hostMacros: { [macro: string]: string } = {
  HOSTNOTES: 'notes',
  HOSTNOTESURL: 'notes_url',
  HOSTACTIONURL: 'action_url',
  HOSTCHECKCOMMAND: 'check_command',
  MAXHOSTATTEMPTS: 'max_check_attempts',
  HOSTPARENTS: 'parents',
};

const serviceMacros: { [macro: string]: string } = {
  SERVICEDESC: 'service_description',
  SERVICENOTES: 'notes',
  SERVICENOTESURL: 'notes_url',
  SERVICEACTIONURL: 'action_url',
  SERVICECHECKCOMMAND: 'check_command',
  MAXSERVICEATTEMPTS: 'max_check_attempts',
};

const contactMacros: { [macro: string]: string } = {
  CONTACTNAME: 'contact_name',
  CONTACTEMAIL: 'email',
  CONTACTPAGER: 'pager',
};

/** What macros may be about. */
export interface MacroSubject {
  host?: string;
  service?: Definition;
  contact?: Definition;
}

/** Values of the macros that are known before anything runs: of the main file, the resource files, a host, a service, a contact. */
export function macroValues(source: NagiosConfiguration, subject: MacroSubject): MacroValues {
  return (asked) => {
    const [name = '', argument] = asked.split(':', 2);
    if (argument !== undefined && argument !== '') return onDemand(source, name, argument);
    const setting = settingMacros[name];
    if (setting !== undefined) return source.settings.get(setting)?.value;
    if (/^USER\d+$/.test(name)) return source.users.get(name)?.value;
    return (
      contactValue(subject.contact, name) ??
      serviceValue(source, subject, name) ??
      (subject.host === undefined ? undefined : hostValue(source, subject.host, name))
    );
  };
}

/** True for a value of a resource file that may be a password: whatever is no path. */
export function isPassword({ users }: NagiosConfiguration, user: string): boolean {
  return !(users.get(user)?.value ?? '/').startsWith('/');
}

/** The first `USERn` of a command line that may be a password. */
export function secretUser(source: NagiosConfiguration, line: string): string | undefined {
  const users = [...line.matchAll(/\$(USER\d+)\$/g)].map(([, user = '']) => user);
  return users.find((user) => isPassword(source, user));
}

/** `$HOSTADDRESS:web-1$`: of another host than the one at hand. */
function onDemand(source: NagiosConfiguration, name: string, argument: string): string | undefined {
  if (/^_?CONTACT/.test(name)) return contactValue(source.contacts.get(argument), name);
  return source.hosts.has(argument) ? hostValue(source, argument, name) : undefined;
}

function hostValue(source: NagiosConfiguration, host: string, name: string): string | undefined {
  const definition = source.hosts.get(host);
  const read = (directive: string): string | undefined => definition?.directives.get(directive)?.value;
  if (name === 'HOSTNAME') return host;
  if (name === 'HOSTADDRESS') return read('address') ?? host;
  if (name === 'HOSTALIAS') return read('alias') ?? host;
  if (name === 'HOSTDISPLAYNAME') return read('display_name') ?? host;
  const [, ofGroup] = /^HOSTGROUP(NAMES?|ALIAS)$/.exec(name) ?? [];
  if (ofGroup !== undefined) return groupValue(groupsOf(source.hostGroups, host), ofGroup);
  return direct(definition, name, hostMacros, '_HOST');
}

/** The groups of a host or a service in the order of Nagios, whose first is the one that macros mean: by their names, the last first. */
export function groupsOf(groups: ReadonlyMap<string, Group>, member: string): [string, Group][] {
  const own = [...groups].filter(([, { members }]) => members.has(member));
  return own.sort(([one], [other]) => (one < other ? 1 : -1));
}

function groupValue(groups: [string, Group][], what: string): string {
  const [first] = groups;
  if (what === 'NAMES') return groups.map(([group]) => group).join(',');
  if (what === 'NAME') return first?.[0] ?? '';
  return first?.[1].definition.directives.get('alias')?.value ?? first?.[0] ?? '';
}

function serviceValue(
  source: NagiosConfiguration,
  { host, service }: MacroSubject,
  name: string,
): string | undefined {
  if (service === undefined) return undefined;
  const description = service.directives.get('service_description')?.value;
  if (name === 'SERVICEDISPLAYNAME') return service.directives.get('display_name')?.value ?? description;
  const [, ofGroup] = /^SERVICEGROUP(NAMES?|ALIAS)$/.exec(name) ?? [];
  if (ofGroup === undefined) return direct(service, name, serviceMacros, '_SERVICE');
  return groupValue(groupsOf(source.serviceGroups, serviceKey(host ?? '', description ?? '')), ofGroup);
}

function contactValue(contact: Definition | undefined, name: string): string | undefined {
  if (contact !== undefined && name === 'CONTACTALIAS')
    return (contact.directives.get('alias') ?? contact.directives.get('contact_name'))?.value;
  const [, address] = /^CONTACTADDRESS(\d+)$/.exec(name) ?? [];
  if (address !== undefined) return contact?.directives.get(`address${address}`)?.value;
  return direct(contact, name, contactMacros, '_CONTACT');
}

/** A macro that is one directive, or a custom variable; one that the object does not have is empty where the object is there. */
function direct(
  definition: Definition | undefined,
  name: string,
  table: { [macro: string]: string },
  prefix: string,
): string | undefined {
  if (definition === undefined) return undefined;
  if (name.startsWith(prefix)) return definition.directives.get(`_${name.slice(prefix.length)}`)?.value;
  const directive = Object.hasOwn(table, name) ? table[name] : undefined;
  return directive === undefined ? undefined : (definition.directives.get(directive)?.value ?? '');
}
