import type { VerdictState } from 'opsbro/sdk';
import type { PlainError } from '../core/errors.ts';

/** What a check is: a verdict, or `pending` before its first. */
export type CheckState = VerdictState | 'pending';

/** One number of a check's output, as Nagios plugins print them; null where nothing or `U` was printed. */
export interface Perfdatum {
  label: string;
  value: number | null;
  unit: string;
  warn: string | null;
  crit: string | null;
  min: number | null;
  max: number | null;
}

/** What a check becomes without data, or without a run: `keep` shows the last state, marked as stale. */
export type OnMissing = 'unknown' | 'critical' | 'keep';

/** When a check that changes too often counts as flapping: percent of changes among its last 20, the newer the heavier. */
export interface FlappingPolicy {
  enabled: boolean;
  /** Flapping begins above it. */
  high: number;
  /** Flapping ends below it. */
  low: number;
}

/** How a check's results become states; from its configuration. */
export interface CheckPolicy {
  /** Runs in a row that must not be ok until that is hard; 1 or more. */
  attempts: number;
  /** How soon a soft state is looked at again, where that is sooner than the interval; null: as scheduled. */
  retryIntervalMs: number | null;
  /** How long a check must not be ok until that is hard; 0: no longer than `attempts` runs take. */
  forMs: number;
  /** Every hard bad run counts as a problem of its own. */
  volatile: boolean;
  flapping: FlappingPolicy;
  onMissing: OnMissing;
}

/** What one run of a check found, or that none came. */
export interface Observation {
  state: VerdictState;
  output: string;
  longOutput?: string;
  perfdata?: Perfdatum[];
  /** Absent keys the check met. With the state `unknown`, `on_missing` decides. */
  missing?: string[];
  error?: PlainError;
  /** Nothing fresh came in time: no `run` ended, or one saw only old `data`. `on_missing` decides, whatever `state` says. */
  late?: 'run' | 'data';
}

/** How much a check changed of late. */
export interface Flapping {
  is: boolean;
  /** The last 20 runs, oldest first: `1` where the state differed from that before, else `0`. */
  history: string;
  /** Weighted share of changes, 0 to 100. */
  percent: number;
}

/** What is known of a check: kept over reloads, and over restarts by the store. Plain JSON. Times are epoch ms and never after the last observation. */
export interface CheckStatus {
  /** As last found, soft or hard. */
  state: CheckState;
  hard: boolean;
  /** Runs in a row that were not ok, at most `attempts`; 1 while it is ok, 0 while it is pending. */
  attempt: number;
  output: string;
  longOutput: string;
  perfdata: Perfdatum[];
  /** Since when it is in `state`. */
  since: number | null;
  lastRun: number | null;
  /** Absent keys of the last run. */
  missing: string[];
  error: PlainError | null;
  /** Its data or runs are late or missing: what is shown says nothing of now. */
  stale: boolean;
  flapping: Flapping;
  /** The last hard state: what notifications are about. */
  hardState: CheckState;
  /** The hard state before that one; `pending` of a check whose first it is. */
  oldHardState: CheckState;
  hardSince: number | null;
  /** Since when the hard state is not ok; null while it is. */
  problemSince: number | null;
  /** Grows by one with each change of `hardState`, and with each hard bad run of a volatile check. */
  episode: number;
  /** Since when it is not ok, while that is soft: what `for` counts from. */
  pendingFor: number | null;
}

/**
 * Why a status changed: a `run` found another state; `attempts` runs agreed, or it held `for` as long as asked, so it is hard;
 * another bad run of a `volatile` check; data is `missing`; data or run is `late`; it is `fresh` again; it is `flapping`, or `steady` again;
 * the check was `removed`, or its group does not hold here any more.
 */
export type ChangeCause =
  | 'run'
  | 'attempts'
  | 'for'
  | 'volatile'
  | 'missing'
  | 'late'
  | 'fresh'
  | 'flapping'
  | 'steady'
  | 'removed';

/** One change of a check, as its history keeps it. Worth a write to the store. */
export interface StateChange {
  /** Epoch ms. */
  at: number;
  cause: ChangeCause;
  oldState: CheckState;
  state: CheckState;
  hard: boolean;
  oldHardState: CheckState;
  hardState: CheckState;
  attempt: number;
  episode: number;
  stale: boolean;
  output: string;
}

/** A check that never ran. */
export const pendingStatus: Readonly<CheckStatus> = Object.freeze({
  state: 'pending',
  hard: true,
  attempt: 0,
  output: '',
  longOutput: '',
  perfdata: [],
  since: null,
  lastRun: null,
  missing: [],
  error: null,
  stale: false,
  flapping: Object.freeze({ is: false, history: '', percent: 0 }),
  hardState: 'pending',
  oldHardState: 'pending',
  hardSince: null,
  problemSince: null,
  episode: 0,
  pendingFor: null,
});
