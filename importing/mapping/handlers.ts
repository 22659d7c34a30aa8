import type { JsonObject } from 'opsbro/sdk';
import { listOf } from '../nagios/inherit.ts';
import type { Definition, Directive, NagiosConfiguration } from '../nagios/model.ts';
import { commonMinutes, isAlways, quietHours, type Week, weekOf } from './hours.ts';
import { lastingText } from './lasting.ts';
import { macroValues } from './macro-values.ts';
import { splitCommand } from './macros.ts';
import { Names } from './names.ts';
import { eventsOf, severitiesOf } from './options.ts';
import type { ImportReport } from './report.ts';
import { notificationText } from './shell-text.ts';
import type { YamlKey } from './yaml-file.ts';

/** How an object wants its contacts to be told. */
export interface Need {
  kind: 'host' | 'service';
  options: Directive | undefined;
  /** Seconds from one reminder to the next; null for none. */
  repeat: number | null;
  period: Directive | undefined;
  /** What reports name. */
  title: string;
}

/** A handler of the result. */
export interface HandlerObject {
  name: string;
  contact: Definition;
  keys: YamlKey[];
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
}

const ofService = `export NAGIOS_HOSTNAME="\${NAGIOS__SERVICEHOST:-$NAGIOS_HOSTNAME}" NAGIOS_SERVICEDESC="$NAGIOS_SERVICEDISPLAYNAME"
export NAGIOS_HOSTALIAS="$NAGIOS_HOSTNAME" NAGIOS_HOSTADDRESS="\${NAGIOS__SERVICEADDRESS:-$NAGIOS_HOSTADDRESS}"`;

/** A handler tells of checks of its own node; the host that Nagios means is in the labels, and the state of a host is that of its check. */
const preamble = {
  service: ofService,
  host: `${ofService} NAGIOS_HOSTOUTPUT="\${NAGIOS_SERVICEOUTPUT:-$NAGIOS_HOSTOUTPUT}"
case "$NAGIOS_SERVICESTATE" in CRITICAL|UNKNOWN) export NAGIOS_HOSTSTATE=DOWN ;; esac`,
};

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

  private ofContact(name: string, need: Need): string[] {
    const wish = [name, need.kind, need.options?.value, need.repeat, need.period?.value].join('\0');
    const names = this.byWish.get(wish) ?? this.make(name, need);
    this.byWish.set(wish, names);
    return names;
  }

  private make(name: string, need: Need): string[] {
    const contact = this.source.contacts.get(name) as Definition;
    const { kind } = need;
    const { directives } = contact;
    if (directives.get(`${kind}_notifications_enabled`)?.value === '0') return [];
    const options = directives.get(`${kind}_notification_options`);
    const own = severitiesOf(kind, options?.value);
    const severities = severitiesOf(kind, need.options?.value).filter((state) => own.includes(state));
    if (severities.every((state) => state === 'ok')) return [];
    const period = directives.get(`${kind}_notification_period`);
    const minutes = this.minutes([need.period, period], need.title);
    if (minutes?.every((is) => is === 0)) {
      this.report.change(
        need.period ?? period!,
        need.title,
        `'${name}' is never told: the time periods have no hour in common`,
      );
      return [];
    }
    const events = eventsOf([options?.value, need.options?.value]);
    const policy: JsonObject = { severities, ...(events !== null && { events }) };
    return this.reaches(contact, need).map((reach) => this.handler(contact, need, reach, policy, minutes));
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
      const line = this.source.commands.get(name)?.directives.get('command_line');
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
      return { keys: { type: 'mail', contacts: [address] }, comment };
    }
    const what = 'it runs as it is, with what only a notification knows from NAGIOS_ variables';
    this.report.change(line, `command '${command}'`, what);
    const values = macroValues(this.source, { contact: { type: 'contact', place, directives } });
    const text = `${preamble[kind]}\n${notificationText(line.value, values)}`;
    const contacts: JsonObject = email === undefined ? {} : { contacts: [email] };
    return { keys: { type: 'exec', command: '/bin/sh', args: ['-c', text], ...contacts }, comment };
  }

  private handler(
    contact: Definition,
    need: Need,
    { keys, comment }: Reach,
    told: JsonObject,
    minutes: Uint8Array | null,
  ): string {
    const policy: JsonObject = { ...told };
    if (need.repeat !== null) policy.repeat_interval = lastingText(need.repeat);
    if (minutes !== null)
      policy.quiet_hours = quietHours(minutes, this.source.settings.get('use_timezone')?.value ?? null);
    if (this.source.settings.get('enable_notifications')?.value === '0') policy.enabled = false;
    const all = { ...keys, ...policy };
    const key = `${contact.directives.get('contact_name')!.value}\0${JSON.stringify(all)}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const name = this.nameFor(contact, need, String(told.severities));
    this.byKey.set(key, name);
    const yaml = Object.entries(all).map(([each, value]): YamlKey => ({ key: each, value }));
    if (yaml[0] !== undefined) yaml[0].comment = comment;
    this.list.push({ name, contact, keys: yaml });
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
    if (first.need.period?.value !== need.period?.value) parts.push(need.period?.value ?? 'always');
    return this.names.take(parts.join('-'));
  }
}
