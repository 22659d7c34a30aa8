import type { Json } from 'opsbro/sdk';
import { serviceKey } from '../nagios/assemble.ts';
import type { Directive, NagiosConfiguration } from '../nagios/model.ts';
import { lastingText, numberOf } from './lasting.ts';
import { groupsOf, isPassword } from './macro-values.ts';
import { commandText, type Expanded, expandMacros, splitCommand } from './macros.ts';
import { labelsFor } from './notification.ts';
import type { Parents } from './parents.ts';
import type { ImportReport } from './report.ts';
import { scriptText } from './shell-text.ts';
import type { Subject } from './subject.ts';
import { type Telling, type Told, unitSeconds } from './telling.ts';
import type { YamlKey } from './yaml-file.ts';

/** The keys of a check of the result. */
export interface CheckObject {
  keys: YamlKey[];
  /** It holds a value of a resource file that may be a password. */
  isSecret: boolean;
}

const maxAttempts = 100;
/** What OpsBro does when nothing else is said. */
const standing = { timeoutSeconds: 30, high: 30, low: 25 };

/** Turns hosts and services into checks. */
export class Checks {
  private readonly source: NagiosConfiguration;
  private readonly parents: Parents;
  private readonly telling: Telling;
  private readonly report: ImportReport;

  constructor(source: NagiosConfiguration, parents: Parents, telling: Telling, report: ImportReport) {
    this.source = source;
    this.parents = parents;
    this.telling = telling;
    this.report = report;
  }

  /** null when its command line is too long. */
  of(subject: Subject): CheckObject | null {
    const given = subject.get('check_command') as Directive;
    const { name, args } = splitCommand(given.value);
    const line = this.source.commands.get(name)!.directives.get('command_line');
    const command = line === undefined ? null : commandText(line.value, args, subject.values);
    if (line === undefined || command === null) {
      this.report.lose(given, subject.title, 'its command line is missing, or over 64 KiB');
      return null;
    }
    const at = `${given.value}; ${name} is at ${line.place.file}:${line.place.line}`;
    const told = this.telling.of(subject);
    const keys: YamlKey[] = [
      { key: 'display_name', value: subject.get('display_name')?.value ?? this.title(subject) },
      { key: 'script', value: scriptText(command.text), comment: at },
      ...this.times(subject),
      ...this.states(subject),
      ...this.relations(subject, told),
      ...this.texts(subject, told),
    ];
    if (command.unknown.length > 0) keys.push(this.disabled(command, line, subject));
    return { keys, isSecret: this.isSecret(command, subject) };
  }

  private title({ host, service }: Subject): string {
    return service ?? `${host} is alive`;
  }

  private disabled({ unknown }: Expanded, line: Directive, subject: Subject): YamlKey {
    const macros = unknown.map((macro) => `$${macro}$`).join(', ');
    const what = `${macros} of its command has no value here: the check is disabled until you change its script`;
    this.report.lose(line, subject.title, what);
    return { key: 'enabled', value: false, comment: what };
  }

  private isSecret({ users }: Expanded, subject: Subject): boolean {
    const secret = users.find((user) => isPassword(this.source, user));
    if (secret === undefined) return false;
    this.report.change(
      this.source.users.get(secret)!,
      subject.title,
      `$${secret}$ stands in the script as it is, so the file can be read by its owner alone`,
    );
    return true;
  }

  private times(subject: Subject): YamlKey[] {
    const unit = unitSeconds(this.source);
    const interval = subject.number('check_interval') ?? 5;
    if (interval === 0)
      this.report.change(
        subject.get('check_interval')!,
        subject.title,
        'check_interval 0: it runs every 5 units here',
      );
    const seconds = (interval === 0 ? 5 : interval) * unit;
    const retry = (subject.number('retry_interval') ?? 1) * unit;
    const attempts = Math.min(Math.max(1, subject.number('max_check_attempts') ?? 1), maxAttempts);
    if (attempts < (subject.number('max_check_attempts') ?? 1))
      this.report.change(
        subject.get('max_check_attempts')!,
        subject.title,
        `attempts are at most ${maxAttempts}`,
      );
    const timeout =
      numberOf(this.source.settings.get(`${subject.kind}_check_timeout`)?.value) ??
      (subject.kind === 'host' ? 30 : 60);
    const keys: YamlKey[] = [{ key: 'interval', value: lastingText(seconds) }];
    if (attempts > 1 && retry > 0 && retry !== seconds)
      keys.push({ key: 'retry_interval', value: lastingText(retry) });
    keys.push({ key: 'attempts', value: attempts });
    if (timeout > 0 && timeout !== standing.timeoutSeconds)
      keys.push({ key: 'timeout', value: lastingText(timeout) });
    return keys;
  }

  private states(subject: Subject): YamlKey[] {
    const keys: YamlKey[] = [];
    const delay = subject.number('first_notification_delay') ?? 0;
    if (delay > 0) {
      keys.push({ key: 'for', value: lastingText(delay * unitSeconds(this.source)) });
      this.report.change(
        subject.get('first_notification_delay')!,
        subject.title,
        'first_notification_delay is `for`, which makes the state hard that late, not only the notification',
      );
    }
    if (subject.kind === 'service' && subject.flag('is_volatile', false))
      keys.push({ key: 'volatile', value: true });
    keys.push(...this.flapping(subject));
    if (subject.flag('check_freshness', false)) {
      keys.push({ key: 'on_missing', value: 'unknown' });
      this.report.change(
        subject.get('check_freshness')!,
        subject.title,
        'freshness: a result that is late is unknown, the command is not run for it',
      );
    }
    return keys;
  }

  private flapping(subject: Subject): YamlKey[] {
    const { settings } = this.source;
    const isOn =
      settings.get('enable_flap_detection')?.value === '1' && subject.flag('flap_detection_enabled', true);
    if (!isOn) return [{ key: 'flapping', value: false }];
    const threshold = (side: 'low' | 'high', usual: number): number =>
      subject.number(`${side}_flap_threshold`) ||
      numberOf(settings.get(`${side}_${subject.kind}_flap_threshold`)?.value) ||
      usual;
    const high = Math.min(100, threshold('high', 30));
    const low = Math.min(high, threshold('low', 20));
    return high === standing.high && low === standing.low ? [] : [{ key: 'flapping', value: { high, low } }];
  }

  private relations(subject: Subject, { handlers, escalation }: Told): YamlKey[] {
    const keys: YamlKey[] = [];
    const parents = this.parents.of(subject);
    if (parents.length > 0) keys.push({ key: 'depends_on', value: parents });
    keys.push({ key: 'handlers', value: handlers });
    if (escalation.length > 0) keys.push({ key: 'escalation', value: escalation });
    return keys;
  }

  private texts(subject: Subject, { macros }: Told): YamlKey[] {
    const text = (name: string): string | undefined => {
      const written = subject.get(name)?.value;
      return written === undefined ? undefined : expandMacros(written, subject.values)?.text;
    };
    const [notes, notesUrl, actionUrl] = [text('notes'), text('notes_url'), text('action_url')];
    const all = [notes, notesUrl === undefined ? undefined : actionUrl].filter((each) => each !== undefined);
    const keys: YamlKey[] = [{ key: 'labels', value: this.labels(subject, macros) }];
    if (all.length > 0) keys.push({ key: 'notes', value: all.join('\n') });
    const runbook = notesUrl ?? actionUrl;
    if (runbook !== undefined) keys.push({ key: 'runbook', value: runbook });
    return keys;
  }

  private labels(
    { host, service, definition, values }: Subject,
    macros: Set<string>,
  ): { [name: string]: Json } {
    const { hostGroups, serviceGroups } = this.source;
    const hostgroup = groupsOf(hostGroups, host).map(([name]) => name);
    const inGroups = service === null ? [] : groupsOf(serviceGroups, serviceKey(host, service));
    const servicegroup = inGroups.map(([name]) => name);
    const address = this.source.hosts.get(host)?.directives.get('address')?.value;
    return {
      host,
      ...(address === undefined ? {} : { address }),
      ...(hostgroup.length > 0 ? { hostgroup: hostgroup.join(',') } : {}),
      ...(servicegroup.length > 0 ? { servicegroup: servicegroup.join(',') } : {}),
      ...labelsFor(macros, host, definition, values),
    };
  }
}
