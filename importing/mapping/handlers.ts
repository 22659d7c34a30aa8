import type { Json, JsonObject, VerdictState } from 'opsbro/sdk';
import { listOf } from '../nagios/inherit.ts';
import type { Definition, Directive, NagiosConfiguration } from '../nagios/model.ts';
import { commonMinutes, isAlways, quietHours, type Week, weekOf } from './hours.ts';
import { lastingText, numberOf } from './lasting.ts';
import { macroValues } from './macro-values.ts';
import { splitCommand } from './macros.ts';
import { Names } from './names.ts';
import { commandLineOf, type NotificationScript, notificationScript } from './notification.ts';
import { eventsOf, severitiesOf } from './options.ts';
import type { ImportReport } from './report.ts';
import type { YamlKey } from './yaml-file.ts';

/** How an object wants its contacts to be told. */
export interface Need {
  kind: 'host' | 'service';
  /** All of them have to let a state through. */
  options: (Directive | undefined)[];
  /** Seconds from one reminder to the next; null for none. */
  repeat: number | null;
  /** All of them have to last. */
  periods: (Directive | undefined)[];
  /** What reports name. */
  title: string;
}

/** A handler of the result. */
export interface HandlerObject {
  name: string;
  contact: Definition;
  keys: YamlKey[];
  /** It holds a value of a resource file that may be a password. */
  isSecret: boolean;
}

interface Variant {
  name: string;
  need: Need;
  severities: string;
}

/** How one contact is reached: by mail or by a command. */
interface Reach {
  keys: JsonObject;
  comment: string;
  script: NotificationScript | null;
}

/** What is no check's: a contact who is told by several handlers hears of it by the first. */
const ofAgent = ['group', 'node', 'agent', 'alert'];
const checkEvents = ['flapping', 'downtime', 'silence', 'acknowledgement'];
/** What OpsBro does when nothing else is said. */
const standingTimeoutSeconds = 30;

/**
 * Makes handlers of contacts. In Nagios the object says when and about what, here the handler does, so a contact becomes as many handlers
 * as there are different ways in which objects want it to be told.
 */
export class Handlers {
  readonly list: HandlerObject[] = [];
  private readonly byKey = new Map<string, string>();
  private readonly byWish = new Map<string, string[]>();
  private readonly variants = new Map<string, Variant>();
  private readonly names = new Names();
  private readonly macros = new Map<string, readonly string[]>();
  private readonly source: NagiosConfiguration;
  private readonly report: ImportReport;

  constructor(source: NagiosConfiguration, report: ImportReport) {
    this.source = source;
    this.report = report;
  }

  /** Names of the handlers that tell these contacts. */
  namesFor(contacts: readonly string[], need: Need): string[] {
    return [...new Set(contacts.flatMap((contact) => this.ofContact(contact, need)))];
  }

  /** Macros that these handlers need of a check. */
  macrosOf(names: readonly string[]): Set<string> {
    return new Set(names.flatMap((name) => this.macros.get(name) ?? []));
  }

  private ofContact(name: string, need: Need): string[] {
    const values = [...need.options, ...need.periods].map((each) => each?.value);
    const wish = JSON.stringify([name, need.kind, need.repeat, ...values]);
    const names = this.byWish.get(wish) ?? this.make(name, need);
    this.byWish.set(wish, names);
    return names;
  }

  private make(name: string, need: Need): string[] {
    const contact = this.source.contacts.get(name) as Definition;
    const { kind } = need;
    const { directives } = contact;
    if (directives.get(`${kind}_notifications_enabled`)?.value === '0') return [];
    const options = [directives.get(`${kind}_notification_options`), ...need.options];
    const severities = this.severities(contact, need, options);
    if (severities.every((state) => state === 'ok')) return [];
    const periods = [...need.periods, directives.get(`${kind}_notification_period`)];
    const minutes = this.minutes(periods, need.title);
    if (minutes?.every((is) => is === 0)) {
      const [period] = periods.filter((each) => each !== undefined);
      const what = `'${name}' is never told: the time periods have no hour in common`;
      this.report.change(period as Directive, need.title, what);
      return [];
    }
    const events = eventsOf(options.map((each) => each?.value));
    const policy: JsonObject = { severities, ...(events !== null && { events }) };
    return this.reaches(contact, need).map((reach) => this.handler(contact, need, reach, policy, minutes));
  }

  /** What the contact and the object both want. A contact that says nothing wants nothing. */
  private severities(
    { directives, place }: Definition,
    { kind, title }: Need,
    options: readonly (Directive | undefined)[],
  ): VerdictState[] {
    const name = `contact '${directives.get('contact_name')?.value}'`;
    if (options[0] === undefined) {
      this.report.change(place, name, `it has no ${kind}_notification_options, so it is told of no ${kind}`);
      return [];
    }
    const each = options.map((option) => severitiesOf(kind, option?.value));
    const [own = [], ...others] = each;
    const severities = own.filter((state) => others.every((states) => states.includes(state)));
    const narrow = options.find(
      (_, index) => each[index]?.includes('critical') === true && !each[index].includes('unknown'),
    );
    if (severities.includes('critical') && narrow !== undefined)
      this.report.change(
        narrow,
        narrow === options[0] ? name : title,
        `'${narrow.value}' lacks u: a command that takes too long or cannot run is critical in Nagios and unknown here, which is not told`,
      );
    return severities;
  }

  /** null: always. */
  private minutes(periods: (Directive | undefined)[], title: string): Uint8Array | null {
    const weeks = periods.flatMap((directive): Uint8Array[] => {
      if (directive === undefined) return [];
      const period = this.source.periods.get(directive.value);
      if (period === undefined) {
        this.report.lose(directive, title, `there is no timeperiod '${directive.value}': taken for always`);
        return [];
      }
      return [this.week(directive.value, period).minutes];
    });
    const common = commonMinutes(weeks);
    return isAlways(common) ? null : common;
  }

  private week(name: string, period: Definition): Week {
    const week = weekOf(period, this.source.periods);
    for (const { directive, message } of week.problems)
      this.report.lose(directive, `timeperiod '${name}'`, message);
    for (const [date, directive] of week.dates)
      this.report.lose(
        directive,
        `timeperiod '${name}'`,
        `'${date}' is a date, and quiet_hours know days of the week only; add a downtime for it`,
      );
    return week;
  }

  private reaches(contact: Definition, { kind, title }: Need): Reach[] {
    const commands = contact.directives.get(`${kind}_notification_commands`);
    const reaches = listOf(commands?.value ?? '').flatMap((text): Reach[] => {
      const { name } = splitCommand(text);
      const line = commandLineOf(this.source, name);
      if (line !== undefined) return [this.reach(contact, kind, name, line)];
      this.report.lose(commands!, title, `there is no command '${name}', so it tells nobody`);
      return [];
    });
    // Two commands that send a mail to the same address are one mail here.
    return [...new Map(reaches.map((reach) => [JSON.stringify(reach.keys), reach])).values()];
  }

  private reach(
    { directives, place }: Definition,
    kind: Need['kind'],
    command: string,
    line: Directive,
  ): Reach {
    const email = directives.get('email')?.value;
    const address = line.value.includes('$CONTACTEMAIL$') ? email : directives.get('pager')?.value;
    const rest = line.value.replaceAll('$CONTACTEMAIL$', '');
    const isMail = rest !== line.value || rest.includes('$CONTACTPAGER$');
    const comment = `${command} is at ${line.place.file}:${line.place.line}`;
    if (isMail && /mail/i.test(`${command} ${rest}`) && address?.includes('@') === true) {
      const what =
        'mails are sent by the mail handler, with its own text, through the SMTP server of localhost';
      this.report.change(line, `command '${command}'`, what);
      return { keys: { type: 'mail', contacts: [address] }, comment, script: null };
    }
    const what = 'it runs as it is, with what only a notification knows from NAGIOS_ variables';
    this.report.change(line, `command '${command}'`, what);
    const values = macroValues(this.source, { contact: { type: 'contact', place, directives } });
    const script = notificationScript(this.source, kind, line.value, values);
    for (const macro of script.empty)
      this.report.lose(line, `command '${command}'`, `$${macro}$ is empty: only a running Nagios knows it`);
    const contacts: JsonObject = email === undefined ? {} : { contacts: [email] };
    const keys = { type: 'exec', command: '/bin/sh', args: ['-c', script.text], ...contacts };
    return { keys, comment, script };
  }

  private handler(
    contact: Definition,
    need: Need,
    { keys, comment, script }: Reach,
    told: JsonObject,
    minutes: Uint8Array | null,
  ): string {
    const policy: JsonObject = { ...told };
    if (need.repeat !== null) policy.repeat_interval = lastingText(need.repeat);
    if (minutes !== null)
      policy.quiet_hours = quietHours(minutes, this.source.settings.get('use_timezone')?.value ?? null);
    const { settings } = this.source;
    const timeout = numberOf(settings.get('notification_timeout')?.value) ?? standingTimeoutSeconds;
    if (timeout > 0 && timeout !== standingTimeoutSeconds) policy.timeout = lastingText(timeout);
    if (settings.get('enable_notifications')?.value === '0') policy.enabled = false;
    const all: JsonObject = { ...keys, ...policy };
    const title = contact.directives.get('contact_name')!.value;
    const key = `${title}\0${JSON.stringify(all)}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    if (this.variants.has(title)) all.events = eventsOfChecks(all.events);
    const name = this.nameFor(contact, need, String(told.severities));
    this.byKey.set(key, name);
    this.macros.set(name, script?.ofCheck ?? []);
    const secret = script?.secret;
    if (secret !== undefined)
      this.report.change(
        this.source.users.get(secret)!,
        `contact '${title}'`,
        `$${secret}$ stands in the command as it is, so the file can be read by its owner alone`,
      );
    const yaml = Object.entries(all).map(([each, value]): YamlKey => ({ key: each, value }));
    if (yaml[0] !== undefined) yaml[0].comment = comment;
    this.list.push({ name, contact, keys: yaml, isSecret: secret !== undefined });
    return name;
  }

  /** The first handler of a contact has its name; others say how they differ from it. */
  private nameFor(contact: Definition, need: Need, severities: string): string {
    const base = contact.directives.get('contact_name')!.value;
    const first = this.variants.get(base);
    if (first === undefined) {
      const name = this.names.take(base);
      this.variants.set(base, { name, need, severities });
      return name;
    }
    const parts = [base];
    if (first.need.kind !== need.kind) parts.push(`${need.kind}s`);
    else if (first.severities !== severities)
      parts.push(severities.replaceAll(/,?ok,?/g, '').replaceAll(',', '-'));
    if (first.need.repeat !== need.repeat)
      parts.push(need.repeat === null ? 'once' : `every-${lastingText(need.repeat)}`);
    const [usual, period] = [first.need, need].map(
      ({ periods }) => periods.findLast((each) => each !== undefined)?.value,
    );
    if (usual !== period) parts.push(period ?? 'always');
    return this.names.take(parts.join('-'));
  }
}

/** Without what the first handler of a contact tells. */
function eventsOfChecks(events: Json | undefined): string[] {
  const all = Array.isArray(events) ? events.map(String) : checkEvents;
  return all.filter((event) => !ofAgent.includes(event));
}
