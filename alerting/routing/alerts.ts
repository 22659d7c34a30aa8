import type { Clock, EventType, JsonObject, VerdictState } from 'opsbro/sdk';
import { ownZone } from '../calendar/zone.ts';
import type { CheckStatus } from '../model.ts';
import { calendarOf } from '../suppression/suppressions.ts';
import type { Alert, EscalationStep, HandlerPolicy } from './model.ts';
import { escalationOf } from './need.ts';
import { perfdataText } from './perfdata-text.ts';

/** What routing needs of a check's configuration. */
export interface RoutedCheck {
  id: string;
  name: string;
  displayName: string;
  pack: string;
  attempts: number;
  notes?: string;
  runbook: string;
  labels: { [name: string]: string };
  /** Names; null for all. */
  handlers: string[] | null;
  /** The lists behind it, the nearest first. */
  fallbackHandlers?: string[][];
  escalation: EscalationStep[];
  shadow: boolean;
}

/** What routing needs of a handler's configuration. */
export interface RoutedHandler {
  id: string;
  name: string;
  enabled: boolean;
  ifGroup: string | null;
  severities: readonly VerdictState[];
  events: readonly EventType[] | null;
  groupBy: readonly string[];
  groupWaitMs: number;
  groupIntervalMs: number;
  repeatIntervalMs: number | null;
  escalation: EscalationStep[];
  quietHours: { hours: string; timezone: string | null; except: VerdictState[] }[];
}

/** The handlers of a configuration as routing sees them on a node of these groups. `clock` is the one that quiet hours go by. */
export function handlerPolicies(
  handlers: readonly RoutedHandler[],
  inGroups: readonly string[],
  clock: Pick<Clock, 'now'>,
): HandlerPolicy[] {
  const groups = new Set(inGroups);
  return handlers.map((handler) => ({
    id: handler.id,
    name: handler.name,
    enabled: handler.enabled,
    inGroup: handler.ifGroup === null || handler.ifGroup === '*' || groups.has(handler.ifGroup),
    severities: handler.severities,
    events: handler.events,
    groupBy: handler.groupBy,
    groupWaitMs: handler.groupWaitMs,
    groupIntervalMs: handler.groupIntervalMs,
    repeatIntervalMs: handler.repeatIntervalMs,
    escalation: handler.escalation,
    quietUntil: quietHoursOf(handler, clock),
  }));
}

/** Hours go by the wall clock, while `at` and what is given back never jump with it. */
function quietHoursOf({ quietHours }: RoutedHandler, clock: Pick<Clock, 'now'>): HandlerPolicy['quietUntil'] {
  const zone = ownZone();
  const held = quietHours.map(({ hours, timezone, except }) => ({
    except,
    calendar: calendarOf({ type: 'weekly', hours, timezone: timezone ?? zone }),
  }));
  return (at, state) => {
    const wall = clock.now();
    const ends = held.flatMap(({ except, calendar }) => {
      const window = except.includes(state) ? null : calendar.windowFrom(wall);
      return window !== null && window.start <= wall ? [window.end] : [];
    });
    return ends.length === 0 ? null : Math.max(...ends) - wall + at;
  };
}

/** What routing must know of a check; null while it never had a hard state. */
export function alertOf(
  check: RoutedCheck,
  status: CheckStatus,
  policies: readonly HandlerPolicy[],
): Alert | null {
  const { hardState } = status;
  if (hardState === 'pending') return null;
  const handlers = chosenBy(check, policies);
  return {
    check: check.id,
    name: check.name,
    displayName: check.displayName,
    pack: check.pack,
    state: hardState,
    oldState: status.oldHardState,
    episode: status.episode,
    since: status.hardSince ?? status.since ?? 0,
    problemSince: status.problemSince,
    flapping: status.flapping.is,
    output: status.output,
    longOutput: status.longOutput,
    perfdata: status.perfdata,
    attempt: status.attempt,
    attempts: check.attempts,
    notes: check.notes ?? '',
    runbook: check.runbook,
    labels: check.labels,
    handlers,
    escalation: escalationOf(check.escalation, handlers, policies),
    shadow: check.shadow,
    removed: false,
  };
}

/** The same, but null where it is ok and nobody has to hear of that. */
export function newsOf(
  check: RoutedCheck,
  status: CheckStatus,
  policies: readonly HandlerPolicy[],
  isKnown: (check: string) => boolean,
): Alert | null {
  return status.hardState === 'ok' && !isKnown(check.id) ? null : alertOf(check, status, policies);
}

/** What a run said last: as of the moment a notification is sent, not of that it was decided. */
export function outputOf({
  output,
  longOutput,
  perfdata,
  attempt,
}: CheckStatus): Pick<Alert, 'output' | 'longOutput' | 'perfdata' | 'attempt'> {
  return { output, longOutput, perfdata, attempt };
}

/** How a check stands, for the data of an event that tells neither of a problem nor of a recovery. */
export function standingOf({ state, output, longOutput, perfdata, since }: CheckStatus): JsonObject {
  return { state, output, long_output: longOutput, perfdata: perfdataText(perfdata), since };
}

/** The end of an alert whose check is no longer there, or does not apply here any more. */
export function removedAlert(id: string, told: Alert | undefined, at: number): Alert {
  const [pack = '', , name = id] = id.split('/');
  return {
    check: id,
    name,
    displayName: name,
    pack,
    episode: 0,
    since: at,
    output: '',
    longOutput: '',
    perfdata: [],
    attempt: 1,
    attempts: 1,
    notes: '',
    runbook: '',
    labels: {},
    handlers: [],
    escalation: [],
    shadow: false,
    ...told,
    oldState: told?.state ?? 'unknown',
    state: 'ok',
    problemSince: null,
    flapping: false,
    removed: true,
  };
}

/**
 * The handlers that a check tells by name; null for all. A list of which none exists would tell nobody: the one behind it counts. Asked of
 * what runs, where a handler whose file turned bad still exists.
 */
export function chosenHandlers(
  { handlers, fallbackHandlers = [] }: RoutedCheck,
  policies: readonly HandlerPolicy[],
): string[] | null {
  if (handlers === null) return null;
  const known = new Set(policies.map(({ name }) => name));
  const isHeard = (names: string[]): boolean => names.length === 0 || names.some((name) => known.has(name));
  return [handlers, ...fallbackHandlers].find(isHeard) ?? null;
}

/** Names of the handlers that a check tells at once. */
export function chosenBy(check: RoutedCheck, policies: readonly HandlerPolicy[]): string[] {
  return chosenHandlers(check, policies) ?? toldByDefault(check, policies);
}

/** Everybody but those that an escalation is there for. */
function toldByDefault({ escalation }: RoutedCheck, policies: readonly HandlerPolicy[]): string[] {
  const later = new Set(
    [escalation, ...policies.map((each) => each.escalation)].flat().flatMap((step) => step.handlers),
  );
  return policies.map(({ name }) => name).filter((name) => !later.has(name));
}
