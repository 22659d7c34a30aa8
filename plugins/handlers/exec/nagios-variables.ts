import type { Alert, HandlerEvent, Json } from 'opsbro/sdk';
import { longDateTime } from './long-date-time.ts';

/** Variables of a program's environment. */
export interface Variables {
  [name: string]: string;
}

/** Who is told, for the macros of contacts. */
export interface Contact {
  name: string;
  emails: string[];
}

/** Interfaces as `os.networkInterfaces()` gives them. */
export interface Interfaces {
  [name: string]: { family: string; internal: boolean; address: string }[] | undefined;
}

/** Events about one check that tell neither of a problem nor of a recovery. */
const checkEvents: ReadonlySet<string> = new Set(['acknowledgement', 'flapping', 'downtime']);

const stateIds: { [state: string]: number } = { ok: 0, warning: 1, critical: 2, unknown: 3 };
/** The kernel takes 128 KiB of one variable (MAX_ARG_STRLEN), a character of UTF-16 at most three bytes of it. */
const maxLength = 40_000;

/**
 * The macros of a Nagios notification as Nagios Core puts them into the environment (`enable_environment_macros`): of a service
 * notification for an alert and for what happens to a check, of a host notification for everything else. Line ends of the long output are written `\n`, as Nagios does.
 */
export function nagiosVariables(
  event: HandlerEvent,
  alert: Partial<Alert> | undefined,
  contact: Contact,
  address = event.node,
): Variables {
  const about = alert ?? checkOf(event);
  const macros = {
    ...commonMacros(event, contact),
    HOSTADDRESS: address,
    ...(about === undefined ? { HOSTOUTPUT: event.summary } : serviceMacros(event, about)),
    ...(alert !== undefined && ownMacros(alert)),
  };
  return Object.fromEntries(
    Object.entries(macros).map(([name, value]) => [
      `NAGIOS_${name}`,
      text(value).replaceAll('\0', '').slice(0, maxLength),
    ]),
  );
}

/** The first IPv4 address of this host that others can reach; undefined when it has none. */
export function hostAddress(interfaces: Interfaces): string | undefined {
  const addresses = Object.values(interfaces).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

/** The check that something happened to, as far as the event says; older agents name the check alone. */
function checkOf({ type, data, summary }: HandlerEvent): Partial<Alert> | undefined {
  if (!checkEvents.has(type) || typeof data.check !== 'string') return undefined;
  const name = data.check.split('/').at(-1) ?? data.check;
  const told = { name, output: summary, ...data } as unknown as Partial<Alert>;
  return { ...told, since: told.since ?? told.at, old_state: told.old_state ?? told.state };
}

/** What is an alert's own where an event has several. */
function ownMacros({ state, repeat = 0 }: Partial<Alert>): { [macro: string]: Json } {
  return { NOTIFICATIONTYPE: state === 'ok' ? 'RECOVERY' : 'PROBLEM', NOTIFICATIONNUMBER: repeat + 1 };
}

function commonMacros(event: HandlerEvent, { name, emails }: Contact): { [macro: string]: Json } {
  const { type, node, at, data } = event;
  const local = new Date(at);
  const date = `${two(local.getMonth() + 1)}-${two(local.getDate())}-${local.getFullYear()}`;
  const time = `${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}`;
  return {
    NOTIFICATIONTYPE: notificationType(event),
    NOTIFICATIONRECIPIENTS: name,
    NOTIFICATIONISESCALATED: Number(data.escalation) > 0 ? 1 : 0,
    NOTIFICATIONNUMBER: Number(data.repeat ?? 0) + 1,
    NOTIFICATIONAUTHOR: data.by ?? '',
    NOTIFICATIONCOMMENT: type === 'test' || type === 'canary' ? `${type} by OpsBro` : (data.comment ?? ''),
    HOSTNAME: node,
    HOSTALIAS: node,
    HOSTDISPLAYNAME: node,
    HOSTSTATE: 'UP',
    HOSTSTATEID: 0,
    LASTHOSTSTATE: 'UP',
    LASTHOSTSTATEID: 0,
    HOSTSTATETYPE: 'HARD',
    HOSTATTEMPT: 1,
    MAXHOSTATTEMPTS: 1,
    CONTACTNAME: name,
    CONTACTALIAS: name,
    CONTACTEMAIL: emails.join(','),
    CONTACTPAGER: '',
    LONGDATETIME: longDateTime(at),
    SHORTDATETIME: `${date} ${time}`,
    DATE: date,
    TIME: time,
    TIMET: Math.floor(at / 1000),
  };
}

function serviceMacros({ at, data, node }: HandlerEvent, alert: Partial<Alert>): { [macro: string]: Json } {
  const { state = 'unknown', old_state = 'ok', since = at, repeat = 0, labels = {} } = alert;
  const seconds = Math.max(0, Math.floor((at - since) / 1000));
  const hours = `${Math.floor(seconds / 86400)}d ${Math.floor((seconds % 86400) / 3600)}h`;
  const { notes = '', runbook = '', attempt = 1, attempts = 1, episode = 0 } = alert;
  return {
    SERVICEDESC: alert.name ?? '',
    SERVICEDISPLAYNAME: alert.display_name ?? alert.name ?? '',
    SERVICESTATE: state.toUpperCase(),
    SERVICESTATEID: stateIds[state] ?? 3,
    LASTSERVICESTATE: old_state.toUpperCase(),
    LASTSERVICESTATEID: stateIds[old_state] ?? 0,
    SERVICESTATETYPE: 'HARD',
    SERVICEATTEMPT: attempt,
    MAXSERVICEATTEMPTS: attempts,
    SERVICEOUTPUT: alert.output ?? '',
    LONGSERVICEOUTPUT: escaped(alert.long_output ?? ''),
    SERVICEPERFDATA: alert.perfdata ?? '',
    SERVICECHECKCOMMAND: alert.check ?? '',
    SERVICEPROBLEMID: state === 'ok' ? 0 : episode,
    LASTSERVICEPROBLEMID: episode,
    SERVICEEVENTID: episode,
    SERVICEDURATION: `${hours} ${Math.floor((seconds % 3600) / 60)}m ${seconds % 60}s`,
    SERVICEDURATIONSEC: seconds,
    LASTSERVICECHECK: Math.floor((alert.at ?? at) / 1000),
    LASTSERVICESTATECHANGE: Math.floor(since / 1000),
    SERVICENOTIFICATIONNUMBER: repeat + 1,
    SERVICENOTES: notes,
    SERVICENOTESURL: runbook,
    SERVICEGROUPNAME: alert.pack ?? '',
    SERVICEGROUPNAMES: alert.pack ?? '',
    SERVICEACKAUTHOR: data.by ?? '',
    SERVICEACKCOMMENT: data.comment ?? '',
    _HOSTNODE: node,
    ...Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [
        `_SERVICE${name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')}`,
        value,
      ]),
    ),
  };
}

function notificationType({ type, data }: HandlerEvent): string {
  const isEnd = data.flapping === false || data.change === 'ended';
  if (type === 'acknowledgement') return isEnd ? 'CUSTOM' : 'ACKNOWLEDGEMENT';
  if (type === 'flapping') return isEnd ? 'FLAPPINGSTOP' : 'FLAPPINGSTART';
  if (type === 'downtime' && isEnd) return data.cause === 'removed' ? 'DOWNTIMECANCELLED' : 'DOWNTIMEEND';
  if (type === 'downtime') return 'DOWNTIMESTART';
  return type === 'problem' || type === 'recovery' ? type.toUpperCase() : 'CUSTOM';
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function text(value: Json): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
