import type { RecordedChange } from '../alerting/history/report.ts';
import { type CheckStatus, pendingStatus, type StateChange } from '../alerting/model.ts';
import { advance } from '../alerting/state/advance.ts';
import type { CheckObject } from '../configuration/model.ts';
import type { RecordedLife } from './model.ts';
import type { Sight } from './sight.ts';

/** Runs asked for come no sooner: those of an agent take a moment as well. */
const leastMs = 1000;

/** A check that is run again over what was stored: its state, and when it runs next. */
export class Machine {
  readonly check: CheckObject;
  readonly changes: RecordedChange[] = [];
  status: CheckStatus = pendingStatus;
  /** Epoch ms. */
  nextRun: number;
  runs = 0;
  readonly #sight: Sight;

  constructor(check: CheckObject, sight: Sight, since: number) {
    this.check = check;
    this.#sight = sight;
    this.nextRun = Math.ceil(since / check.intervalMs) * check.intervalMs;
  }

  /** Runs it at this moment, and gives what changed. */
  run(at: number): StateChange[] {
    const { intervalMs, id } = this.check;
    this.nextRun = (Math.floor(at / intervalMs) + 1) * intervalMs;
    const seen = this.#sight.at(at);
    if (seen === null) return [];
    this.runs += 1;
    const { status, changes, nextRunMs } = advance(this.status, seen, this.check, at);
    this.status = status;
    if (nextRunMs !== null) this.runBy(at + Math.max(nextRunMs, leastMs));
    for (const change of changes) this.changes.push({ ...change, id });
    return changes;
  }

  /** Lets it run sooner than it would. */
  runBy(at: number): void {
    this.nextRun = Math.min(this.nextRun, at);
  }

  /** Nobody looks until then, when an agent starts: it runs all checks. */
  startAt(at: number): void {
    this.nextRun = at;
  }
}

/** How a check that cannot be run again was at a moment, by its history; undefined when that is not known. */
export function recordedStatus({ changes }: RecordedLife, at: number): CheckStatus | undefined {
  const past = changes.findLast((change) => change.at <= at);
  const next = changes.find((change) => change.at > at);
  const hardState = past?.hardState ?? next?.oldHardState;
  if (hardState === undefined) return undefined;
  const isHard = past?.hard ?? true;
  return {
    ...pendingStatus,
    state: hardState,
    hard: isHard,
    hardState,
    hardSince: past?.at ?? null,
    since: past?.at ?? null,
    lastRun: at,
  };
}
