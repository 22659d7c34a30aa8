import type { CheckState } from '../model.ts';
import { compare } from './compare.ts';
import type { RecordedChange, ReportedCheck, ReportSpan } from './report.ts';

/** Disagreements that are told one by one; of more, the latest. */
const told = 1000;

/** Two checks against each other; times as RFC 3339 UTC text, lengths of time in seconds. */
export interface ComparisonView {
  since: string;
  until: string;
  /** The history is complete from here on; null: in all of the span. */
  known_since: string | null;
  left: ComparedView;
  right: ComparedView;
  /** The time in which both had a hard state. */
  compared_seconds: number;
  agreed_seconds: number;
  agreement_percent: number | null;
  /** How often they came apart. */
  disagreed: number;
  /** Where they did, oldest first: the latest 1,000. */
  disagreements: { from: string; to: string; seconds: number; left: CheckState; right: CheckState }[];
}

/** One of the two. */
export interface ComparedView {
  id: string;
  name: string;
  /** The last hard state. */
  state: CheckState;
  /** It runs in shadow mode. */
  shadow: boolean;
  /** What a handler for all severities would have been told, had nothing held it back. */
  notifications: { problems: number; recoveries: number };
}

type Compared = ReportedCheck & { name: string; shadow: boolean };

/** The comparison of two checks as a view. */
export function comparisonView(
  changes: readonly RecordedChange[],
  left: Compared,
  right: Compared,
  span: ReportSpan,
): ComparisonView {
  const found = compare(changes, left, right, span);
  const { since, until, knownSince } = span;
  const isCut = knownSince !== null && knownSince > since;
  return {
    since: isoTime(since),
    until: isoTime(until),
    known_since: isCut ? isoTime(knownSince) : null,
    left: comparedView(left, found.left),
    right: comparedView(right, found.right),
    compared_seconds: found.comparedMs / 1000,
    agreed_seconds: found.agreedMs / 1000,
    agreement_percent: found.agreementPercent,
    disagreed: found.disagreements.length,
    disagreements: found.disagreements.slice(-told).map((one) => ({
      ...one,
      from: isoTime(one.from),
      to: isoTime(one.to),
      seconds: (one.to - one.from) / 1000,
    })),
  };
}

function comparedView(
  { id, name, shadow, status }: Compared,
  notifications: ComparedView['notifications'],
): ComparedView {
  return { id, name, state: status.hardState, shadow, notifications };
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
