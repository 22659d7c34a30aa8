import type { HistoryView } from '../../../control/shapes.ts';
import { type ShownState, shownStates } from '../live/fact.ts';

/** A time that a check was in one state; epoch ms. */
export interface Span {
  from: number;
  to: number;
  /** `none`: nothing is known of it. */
  state: ShownState | 'none';
  output: string;
}

type Entry = HistoryView['entries'][number];

/** The states of a check between two times, by the changes that are remembered of it, oldest first. */
export function timelineSpans(
  entries: readonly Entry[],
  current: { state: ShownState; since: number | null; output: string },
  from: number,
  to: number,
): Span[] {
  const spans: Span[] = [];
  const add = (start: number, end: number, state: Span['state'], output: string): void => {
    const [begin, finish] = [Math.max(start, from), Math.min(end, to)];
    if (finish <= begin) return;
    const last = spans.at(-1);
    if (last !== undefined && last.state === state && last.to === begin) last.to = finish;
    else spans.push({ from: begin, to: finish, state, output });
  };
  const first = entries[0];
  if (first === undefined) {
    const since = current.since ?? to;
    add(from, since, 'none', '');
    add(since, to, current.state, current.output);
    return spans;
  }
  // What stood before the first change that is remembered, stood at least then.
  add(from, Date.parse(first.at), stateOf(first.old_state, false), '');
  for (const [index, entry] of entries.entries()) {
    const next = entries[index + 1];
    const end = next === undefined ? to : Date.parse(next.at);
    const state = next === undefined ? current.state : stateOf(entry.state, entry.stale ?? false);
    add(Date.parse(entry.at), end, state, entry.log);
  }
  return spans;
}

const causes: { [cause in NonNullable<Entry['cause']>]: string } = {
  run: '',
  attempts: 'confirmed',
  for: 'confirmed',
  volatile: 'once more',
  missing: 'without data',
  late: 'late',
  fresh: 'fresh again',
  flapping: 'begins to flap',
  steady: 'flaps no more',
  removed: 'removed',
};

/** What a change is marked with beside its state: that it is not confirmed yet, or what else made it one. */
export function causeText({ hard, cause }: Pick<Entry, 'hard' | 'cause'>): string {
  if (hard === false) return 'soft';
  return cause === undefined ? '' : causes[cause];
}

function stateOf(state: string, isStale: boolean): Span['state'] {
  if (!(shownStates as readonly string[]).includes(state)) return 'none';
  return state === 'ok' && isStale ? 'stale' : (state as ShownState);
}
