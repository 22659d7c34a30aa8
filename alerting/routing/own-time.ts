import type { Decision, DecisionRecord, Holds } from './model.ts';

/** What holds an alert back, with its moments moved by `ms`: a dispatcher's clock never jumps, the one that people and holds go by does. */
export function movedHolds(found: Holds, ms: number): Holds {
  const { holds, nextAt } = found;
  if (ms === 0) return found;
  return {
    holds: holds.map((hold) => ({ ...hold, until: movedBy(hold.until, ms) })),
    nextAt: movedBy(nextAt, ms),
  };
}

/** A decision with its moments moved by `ms`. */
export function movedDecision<Made extends Decision>(decision: Made, ms: number): Made {
  return { ...decision, until: movedBy(decision.until, ms) };
}

/** A record of one with its moments moved by `ms`. */
export function movedRecord(record: DecisionRecord, ms: number): DecisionRecord {
  return { ...movedDecision(record, ms), at: record.at + ms };
}

function movedBy(at: number | null, ms: number): number | null {
  return at === null ? null : at + ms;
}
