import type { JsonObject } from 'opsbro/sdk';
import { addTo } from '../nagios/groups.ts';
import type { Directive, NagiosConfiguration, Relation } from '../nagios/model.ts';
import type { Handlers, Need } from './handlers.ts';
import { lastingText, numberOf } from './lasting.ts';
import { keyOf } from './parents.ts';
import type { ImportReport } from './report.ts';
import { contactsOf, type Subject } from './subject.ts';

/** Seconds of one unit of Nagios' intervals. */
export function unitSeconds({ settings }: NagiosConfiguration): number {
  return numberOf(settings.get('interval_length')?.value) ?? 60;
}

/** Who is told of a check: at once, and later. */
export interface Told {
  handlers: string[];
  escalation: JsonObject[];
  /** Macros that these handlers need of the check. */
  macros: Set<string>;
}

/** Turns contacts and escalations of hosts and services into handlers and steps. */
export class Telling {
  private readonly byTarget = new Map<string, Relation[]>();
  private readonly source: NagiosConfiguration;
  private readonly handlers: Handlers;
  private readonly report: ImportReport;

  constructor(source: NagiosConfiguration, handlers: Handlers, report: ImportReport) {
    this.source = source;
    this.handlers = handlers;
    this.report = report;
    for (const relation of source.escalations) addTo(this.byTarget, keyOf(relation), relation);
  }

  of(subject: Subject): Told {
    if (!subject.flag('notifications_enabled', true))
      return { handlers: [], escalation: [], macros: new Set() };
    const every = this.seconds(subject.get('notification_interval')) ?? unitSeconds(this.source) * 30;
    const need: Need = {
      kind: subject.kind,
      options: [subject.get('notification_options')],
      repeat: every === 0 ? null : every,
      periods: [subject.get('notification_period')],
      title: subject.title,
    };
    const handlers = this.handlers.namesFor(subject.contacts(), need);
    const told: Told = { handlers, escalation: [], macros: new Set() };
    for (const escalation of this.byTarget.get(keyOf(subject)) ?? [])
      this.step(escalation, subject, need, told);
    const later = told.escalation.flatMap((step) => step.handlers as string[]);
    return { ...told, macros: this.handlers.macrosOf([...told.handlers, ...later]) };
  }

  /** Nagios counts notifications, OpsBro minutes since the problem began. */
  private step({ definition }: Relation, subject: Subject, need: Need, told: Told): void {
    const { directives, place } = definition;
    const { title } = subject;
    const first = numberOf(directives.get('first_notification')?.value) ?? 1;
    const last = directives.get('last_notification');
    const own = this.seconds(directives.get('notification_interval'));
    const repeat = own === undefined ? need.repeat : own === 0 ? null : own;
    const contacts = contactsOf(this.source, definition) ?? subject.contacts();
    if (first > 1 && need.repeat === null) {
      this.report.lose(place, title, `notification ${first} never comes, as notification_interval is 0`);
      return;
    }
    // What the object itself does not tell is no notification that could escalate.
    const options = [...need.options, directives.get('escalation_options')];
    const periods = [...need.periods, directives.get('escalation_period')];
    const names = this.handlers.namesFor(contacts, { ...need, options, repeat, periods });
    if (last !== undefined && last.value !== '0')
      this.report.lose(
        last,
        title,
        `the step does not end with notification ${last.value}: it lasts until the problem ends`,
      );
    if (names.length === 0) return;
    if (first <= 1) {
      this.report.change(place, title, 'who is told without this step is told as well, not instead');
      told.handlers = [...new Set([...told.handlers, ...names])];
      return;
    }
    this.report.change(
      place,
      title,
      'the step comes by time instead of by count, and those who were told before are told on',
    );
    told.escalation.push({ after: lastingText((first - 1) * (need.repeat ?? 0)), handlers: names });
  }

  private seconds(directive: Directive | undefined): number | undefined {
    const number = numberOf(directive?.value);
    return number === undefined ? undefined : number * unitSeconds(this.source);
  }
}
