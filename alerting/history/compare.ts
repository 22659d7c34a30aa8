import type { CheckState } from '../model.ts';
import { isProblem } from '../state/advance.ts';
import {
  inOrder,
  type Phase,
  phasesOf,
  type RecordedChange,
  type ReportedCheck,
  type ReportSpan,
} from './report.ts';

/** A time in which two checks were in different hard states, epoch ms. */
export interface Disagreement {
  from: number;
  to: number;
  left: CheckState;
  right: CheckState;
}

/** What a handler for all severities is told of a check that nothing holds back. */
export interface WouldTell {
  problems: number;
  recoveries: number;
}

/** How two checks fared against each other, by their hard states. What they would have told is of the same time, from the first moment in which both had a state. */
export interface Comparison {
  /** The time in which both had a state, ms. */
  comparedMs: number;
  agreedMs: number;
  /** Share of the compared time; null without any. */
  agreementPercent: number | null;
  /** Oldest first. */
  disagreements: Disagreement[];
  left: WouldTell;
  right: WouldTell;
}

/**
 * Compares two checks over a span. Time in which one of them has no state yet is not compared. Where one is younger than the span, what both
 * are in its first moment counts as told then: the older one told of it before. Pure.
 */
export function compare(
  changes: readonly RecordedChange[],
  left: ReportedCheck,
  right: ReportedCheck,
  span: ReportSpan,
): Comparison {
  const of = ({ id }: ReportedCheck): RecordedChange[] =>
    inOrder(changes.filter((change) => change.id === id));
  const [ofLeft, ofRight] = [of(left), of(right)];
  const parts = overlaps(phasesOf(left.status, ofLeft, span), phasesOf(right.status, ofRight, span)).filter(
    (part) => part.left !== 'pending' && part.right !== 'pending',
  );
  const comparedMs = total(parts);
  const apart = parts.filter((part) => part.left !== part.right);
  const agreedMs = comparedMs - total(apart);
  return {
    comparedMs,
    agreedMs,
    agreementPercent: comparedMs === 0 ? null : (agreedMs / comparedMs) * 100,
    disagreements: joined(apart),
    left: toldOf(ofLeft, parts[0]?.left, parts[0]?.from, span),
    right: toldOf(ofRight, parts[0]?.right, parts[0]?.from, span),
  };
}

function toldOf(
  changes: RecordedChange[],
  first: CheckState | undefined,
  from: number | undefined,
  { since, until, knownSince }: ReportSpan,
): WouldTell {
  if (first === undefined || from === undefined) return { problems: 0, recoveries: 0 };
  if (from === Math.max(since, knownSince ?? since))
    return wouldTell(changes.filter(({ at }) => at >= since && at <= until));
  const later = wouldTell(changes.filter(({ at }) => at > from && at <= until));
  return { ...later, problems: later.problems + (isProblem(first) ? 1 : 0) };
}

function total(parts: Disagreement[]): number {
  return parts.reduce((sum, { from, to }) => sum + (to - from), 0);
}

/** One walk over both. */
function overlaps(left: Phase[], right: Phase[]): Disagreement[] {
  const parts: Disagreement[] = [];
  for (let at = 0, other = 0; at < left.length && other < right.length; ) {
    const [one, two] = [left[at] as Phase, right[other] as Phase];
    const from = Math.max(one.from, two.from);
    const to = Math.min(one.to, two.to);
    if (to > from) parts.push({ from, to, left: one.state, right: two.state });
    if (one.to <= two.to) at += 1;
    else other += 1;
  }
  return parts;
}

/** Neighbours that differ only in what is not compared are one. */
function joined(parts: Disagreement[]): Disagreement[] {
  const found: Disagreement[] = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (last !== undefined && last.to === part.from && last.left === part.left && last.right === part.right)
      last.to = part.to;
    else found.push({ ...part });
  }
  return found;
}

/** What is found together with the beginning or end of flapping is a change of its own, and tells the same. */
function wouldTell(changes: RecordedChange[]): WouldTell {
  const inside = changes.filter(({ cause }) => cause !== 'flapping' && cause !== 'steady');
  const isNews = ({ cause, oldHardState, hardState }: RecordedChange): boolean =>
    isProblem(hardState) && (oldHardState !== hardState || cause === 'volatile');
  const isEnd = ({ oldHardState, hardState }: RecordedChange): boolean =>
    isProblem(oldHardState) && !isProblem(hardState);
  return { problems: inside.filter(isNews).length, recoveries: inside.filter(isEnd).length };
}
