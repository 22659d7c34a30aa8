import type { VerdictState } from 'opsbro/sdk';
import type { Window } from '../calendar/calendar.ts';

/** What suppression needs to know of a check. */
export interface CheckFacts {
  /** `<pack>/check/<name>`. */
  id: string;
  name: string;
  pack: string;
  labels: Readonly<{ [name: string]: string }>;
  state: VerdictState | 'pending';
  hard: boolean;
  /** It is configured and does not run on this host. */
  isIdle?: boolean;
}

/** What may hold a notification back. */
export type SuppressionKind = 'downtime' | 'acknowledgement' | 'silence' | 'dependency';

/** Why a notification is held, for the decision record of `explain`. */
export interface Reason {
  kind: SuppressionKind;
  /** Id of the downtime or silence; id of the acknowledged check; id of the parent that is down. */
  id: string;
  /** Epoch ms when it ends by itself; null when that depends on states. */
  until: number | null;
  /** One line: `downtime 'backup' of ann until 2026-03-01T04:00:00Z: nightly backup`. */
  text: string;
}

/** A field of a check that a matcher may look at. */
export type MatchField = 'check' | 'pack' | 'state' | `label.${string}`;

/** How a matcher compares, as in Alertmanager: equal, not equal, matches and does not match a regular expression as a whole. */
export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** One condition on a check; parsed by `parseMatcher` and kept as plain data. */
export interface Matcher {
  field: MatchField;
  operator: MatchOperator;
  /** A text, or the source of a regular expression. A check that has no such label has the empty text. */
  value: string;
}

/** When a downtime holds: once, by cron expression and length, or in weekly hours. Plain data; `calendarOf` makes it a calendar. */
export type Schedule =
  | { type: 'once'; from: number; until: number }
  | { type: 'cron'; cron: string; durationMs: number; timezone: string }
  | { type: 'weekly'; hours: string; timezone: string };

/** Who made it: a command, or a file of `config.d`. */
export type Origin = 'command' | 'configuration';

interface Entry {
  id: string;
  by: string;
  comment: string;
  createdAt: number;
  origin: Origin;
}

/** A planned time in which problems of the checks that match all of `match` are expected. */
export interface Downtime extends Entry {
  match: Matcher[];
  schedule: Schedule;
  /** Flexible: starts with the first problem inside a window of the schedule and lasts this long. null: holds for the window itself. */
  flexibleMs: number | null;
  /** The time it holds now, once its start was recorded. */
  current: Window | null;
  /** Start of the last window of the schedule that it used: a window is used once. */
  usedWindow: number | null;
}

/** Somebody knows of a problem: its check notifies no more until it recovers. */
export interface Acknowledgement {
  /** Id of the check. */
  check: string;
  by: string;
  comment: string;
  createdAt: number;
  /** Holds until recovery whatever happens; otherwise a state worse than `state` clears it. */
  sticky: boolean;
  until: number | null;
  /** The state that was acknowledged. */
  state: VerdictState;
}

/** Silence for the checks that match all of `match`, from now on. */
export interface Silence extends Entry {
  match: Matcher[];
  until: number | null;
  /** Ends once none of the checks it matches has a problem any more, or at `until`, whichever comes first. */
  untilResolved: boolean;
  /** When it ended. One of a file is kept then, since the file is; one of a command is forgotten. */
  endedAt: number | null;
}

/** Everything that somebody decided to hold back, by id; acknowledgements by id of their check. */
export interface SuppressionTables {
  downtimes: ReadonlyMap<string, Downtime>;
  acknowledgements: ReadonlyMap<string, Acknowledgement>;
  silences: ReadonlyMap<string, Silence>;
}

/** Why something started or ended. */
export type SuppressionCause =
  | 'added'
  | 'began'
  | 'problem'
  | 'expired'
  | 'recovered'
  | 'worsened'
  | 'resolved'
  | 'removed';

/** A downtime, acknowledgement or silence started or ended. Goes to history, and to the handlers as an edge-triggered event. */
export interface SuppressionEvent {
  kind: Exclude<SuppressionKind, 'dependency'>;
  change: 'started' | 'ended';
  cause: SuppressionCause;
  id: string;
  /** The checks it is for; empty for an acknowledgement, which is of the check `id`. */
  match: readonly Matcher[];
  by: string;
  comment: string;
  /** When it was due: the end of a downtime that ended while the agent was away lies in the past. Epoch ms. */
  at: number;
  /** When it will end by itself, of a start. */
  until: number | null;
}
