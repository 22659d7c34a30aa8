import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import { Checks } from './mapping/check.ts';
import { type HandlerObject, Handlers } from './mapping/handlers.ts';
import { splitCommand } from './mapping/macros.ts';
import { Names, slugOf } from './mapping/names.ts';
import { keyOf, Parents } from './mapping/parents.ts';
import { ImportReport } from './mapping/report.ts';
import { Subject } from './mapping/subject.ts';
import { Telling } from './mapping/telling.ts';
import { reportSettings, reportUnfit } from './mapping/unfit.ts';
import { maskedKeys, type YamlKey, yamlFile } from './mapping/yaml-file.ts';
import { readNagios } from './nagios/assemble.ts';
import type { Fault, NagiosConfiguration, Place } from './nagios/model.ts';

/** Which hosts become packs: all, some by name, or this machine. */
export type HostChoice = { all: true } | { names: string[] } | { localNames: string[] };

/** A file of the result. */
export interface ImportedFile {
  /** From the directory of the result, with `/`. */
  path: string;
  text: string;
  /** To be read by its owner alone. */
  isSecret: boolean;
  /** Its text without what is secret in it; absent where nothing is. */
  shown?: string;
}

/** What an import comes to. Nothing is written yet. */
export interface NagiosImport {
  files: ImportedFile[];
  hosts: string[];
  /** Hosts that were not chosen. */
  others: string[];
  checks: number;
  handlers: number;
  report: ImportReport;
  /** What is wrong in the source. */
  faults: Fault[];
  moreFaults: number;
}

/** Folders that have a meaning of their own in a configuration directory, and the pack of the handlers. */
const reserved =
  'nagios local packs monitoring detectors collectors parameters dashboards handlers generators compliance templates testdata node_modules';

/**
 * Turns the Nagios configuration of a main file into files of `config.d`: a pack for each host with its checks, and the pack `nagios` with
 * the handlers. Throws OPSBRO_CONFIG_UNREADABLE when the main file cannot be read, OPSBRO_API_NOT_FOUND when no host is to be imported.
 */
export function importNagios(path: string, choice: HostChoice): NagiosImport {
  const source = readNagios(path);
  if (source.files === 0)
    throw new OpsbroError(
      'OPSBRO_CONFIG_UNREADABLE',
      `${source.faults[0]?.message ?? `cannot read '${path}'`}`,
    );
  return new Import(source, chooseHosts(source, path, choice)).run();
}

function chooseHosts({ hosts }: NagiosConfiguration, path: string, choice: HostChoice): string[] {
  const names = [...hosts.keys()];
  const list = names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '');
  if (names.length === 0)
    throw new OpsbroError(
      'OPSBRO_API_NOT_FOUND',
      `'${path}' defines no host: it has to be the main file, such as nagios.cfg, whose cfg_file= and cfg_dir= lines name those with the hosts`,
    );
  if ('all' in choice) return names;
  if ('names' in choice) {
    const unknown = choice.names.find((name) => !hosts.has(name));
    if (unknown === undefined) return choice.names;
    const near = nearest(unknown, names);
    const advice = near === undefined ? `its hosts are ${list}` : `did you mean '${near}'?`;
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `'${path}' defines no host '${unknown}'; ${advice}`);
  }
  const local = names.filter((name) =>
    isLocal(name, hosts.get(name)!.directives.get('address')?.value, choice.localNames),
  );
  const [only] = local.length > 0 ? local : names.length === 1 ? names : [];
  if (only !== undefined) return [only];
  throw new OpsbroError(
    'OPSBRO_API_NOT_FOUND',
    `none of the hosts of '${path}' is this machine; name one by --host, or --all-hosts: ${list}`,
  );
}

function isLocal(name: string, address: string | undefined, localNames: string[]): boolean {
  const own = new Set(['localhost', '127.0.0.1', '::1', ...localNames].map((each) => each.toLowerCase()));
  return own.has(name.toLowerCase()) || (address !== undefined && own.has(address.toLowerCase()));
}

class Import {
  private readonly source: NagiosConfiguration;
  private readonly hosts: string[];
  private readonly report = new ImportReport();
  private readonly files: ImportedFile[] = [];
  private readonly ids = new Map<string, string>();

  constructor(source: NagiosConfiguration, hosts: string[]) {
    this.source = source;
    this.hosts = hosts;
  }

  run(): NagiosImport {
    const { source, hosts, report } = this;
    reportSettings(source, report);
    const subjects = this.subjects();
    const handlers = new Handlers(source, report);
    const checks = new Checks(
      source,
      new Parents(source, this.ids, report),
      new Telling(source, handlers, report),
      report,
    );
    for (const subject of subjects) this.check(subject, checks);
    const made = this.files.length;
    for (const handler of handlers.list) this.handler(handler);
    const chosen = new Set(hosts);
    return {
      files: this.files,
      hosts,
      others: [...source.hosts.keys()].filter((name) => !chosen.has(name)),
      checks: made,
      handlers: handlers.list.length,
      report,
      faults: source.faults,
      moreFaults: source.moreFaults,
    };
  }

  /** Everything that becomes a check, with its id known: services first, so that their handlers get the plain names. */
  private subjects(): Subject[] {
    const { source } = this;
    const packs = new Names(reserved.split(' '));
    const byHost = new Map<string, Subject[]>(this.hosts.map((host) => [host, []]));
    for (const service of source.services)
      byHost.get(service.host)?.push(new Subject(source, service.host, service));
    return [...byHost].flatMap(([host, services]) => {
      const pack = packs.take(host);
      const alive = `${slugOf(host)}-alive`;
      const names = new Names([alive]);
      const all = [...services, new Subject(source, host, null)].filter((each) => this.isRunnable(each));
      for (const subject of all) {
        const name = subject.service === null ? alive : names.take(subject.service);
        this.ids.set(keyOf(subject), `${pack}/check/${name}`);
      }
      return all;
    });
  }

  private isRunnable(subject: Subject): boolean {
    const { report, source } = this;
    const { definition, title } = subject;
    const command = subject.get('check_command');
    if (command === undefined) {
      const what =
        subject.kind === 'host' ? 'it has no check_command, so it is always up' : 'it has no check_command';
      report.lose(definition.place, title, what);
      return false;
    }
    if (!subject.flag('active_checks_enabled', true)) {
      const what =
        'it is passive, and nothing runs here: what is sent to Nagios from outside, the listener nagios-pipe takes';
      report.lose(subject.get('active_checks_enabled')!, title, what);
      return false;
    }
    const { name } = splitCommand(command.value);
    if (source.commands.has(name)) return true;
    report.lose(command, title, `there is no command '${name}'`);
    return false;
  }

  private check(subject: Subject, checks: Checks): void {
    const id = this.ids.get(keyOf(subject)) as string;
    const check = checks.of(subject);
    if (check === null) return;
    reportUnfit(subject, this.source, this.report);
    const [pack, , name] = id.split('/');
    const { place } = subject.definition;
    this.report.carry(place, subject.title, id);
    const { keys, isSecret } = check;
    const textOf = (given: YamlKey[]): string =>
      yamlFile([`Nagios: ${subject.title}`, placeText(place)], 'check', given);
    this.files.push({
      path: `${pack}/monitoring/${name}.yml`,
      text: textOf(keys),
      isSecret,
      ...(isSecret && { shown: textOf(maskedKeys(keys, ['script'])) }),
    });
  }

  private handler({ name, contact, keys, isSecret }: HandlerObject): void {
    const title = `contact '${contact.directives.get('contact_name')?.value}'`;
    this.report.carry(contact.place, title, `nagios/handler/${name}`);
    const textOf = (given: YamlKey[]): string =>
      yamlFile([`Nagios: ${title}`, placeText(contact.place)], 'handler', given);
    this.files.push({
      path: `nagios/handlers/${name}.yml`,
      text: textOf(keys),
      isSecret,
      ...(isSecret && { shown: textOf(maskedKeys(keys, ['args'])) }),
    });
  }
}

function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}
