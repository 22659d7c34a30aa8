import type { Gap } from '../alerting/history/presence.ts';
import type { StoredHistory, StoredPoints } from '../plugins/listeners/graphite/history.ts';
import { eachPoint, type ReadSpan } from './stored-collector.ts';

/** A collector as far as it tells whether an agent ran. */
export interface Witness {
  /** Its step of a metric's name. */
  step: string;
  intervalMs: number;
}

/** Collectors that are asked, the quickest first. */
const asked = 8;
/** A shorter time without a sign is a restart, or a busy machine: what `alerting/history` counts as a gap too. */
const shortestMs = 30_000;
const rounds = 3;

/**
 * The times in which nothing of a node was stored, epoch ms: no agent looked. Goes by the quickest collectors that have series; a sign is missed
 * only after three rounds of the quickest. Without any series it is all of the time. Blocks.
 */
export function storedGaps(
  history: StoredHistory,
  node: string,
  witnesses: readonly Witness[],
  span: ReadSpan,
): Gap[] {
  const signs = new Map<number, number>();
  let fastestMs = Number.POSITIVE_INFINITY;
  for (const { intervalMs, pieces } of heard(history, node, witnesses, span)) {
    fastestMs = Math.min(fastestMs, intervalMs);
    for (const piece of pieces)
      eachPoint(piece, (time) => signs.set(time, Math.max(piece.step, signs.get(time) ?? 0)));
  }
  return gapsBetween(signs, fastestMs, span);
}

/** From when to when anything of a node is stored, seconds, by the same collectors; null where nothing is. Blocks. */
export function storedTime(
  history: StoredHistory,
  node: string,
  witnesses: readonly Witness[],
  now: number,
): { from: number; until: number } | null {
  let [from, until] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { pieces } of heard(history, node, witnesses, { from: 0, until: now, now }))
    for (const piece of pieces)
      eachPoint(piece, (time) => {
        from = Math.min(from, time);
        until = Math.max(until, Math.min(now, time + piece.step));
      });
  return from < until ? { from, until } : null;
}

/** What the quickest collectors that have series had at their times. */
function* heard(
  history: StoredHistory,
  node: string,
  witnesses: readonly Witness[],
  { from, until, now }: ReadSpan,
): Generator<{ intervalMs: number; pieces: StoredPoints[] }> {
  let left = asked;
  for (const { step, intervalMs } of witnesses.toSorted((one, other) => one.intervalMs - other.intervalMs)) {
    if (left === 0) break;
    const [name] = history.below(`${node}.${step}`, 1);
    const pieces = name === undefined ? undefined : history.points(name, from, until, now);
    if (pieces === undefined) continue;
    left -= 1;
    yield { intervalMs, pieces };
  }
}

function gapsBetween(signs: ReadonlyMap<number, number>, roundMs: number, { from, until }: ReadSpan): Gap[] {
  const gaps: Gap[] = [];
  let seen = from * 1000;
  const look = (at: number, stepMs: number): void => {
    if (at - seen > Math.max(shortestMs, rounds * Math.max(roundMs, stepMs)))
      gaps.push({ from: seen, to: at });
  };
  for (const time of [...signs.keys()].sort((one, other) => one - other)) {
    const stepMs = (signs.get(time) as number) * 1000;
    look(time * 1000, stepMs);
    seen = Math.max(seen, time * 1000 + stepMs);
  }
  const end = until * 1000;
  if (signs.size === 0) return [{ from: seen, to: end + 1 }];
  // So that nobody looks at the end either.
  look(end + 1, 0);
  return gaps;
}
