import type { JsonObject } from 'opsbro/sdk';
import type { Gap } from '../alerting/history/presence.ts';
import type { Observation } from '../alerting/model.ts';
import { firstWaitMs, lateAfterMs, ofLateData } from '../alerting/state/late.ts';
import type { CheckObject, CollectorObject } from '../configuration/model.ts';
import { isTimely, type Judge, type Moment } from './judge.ts';
import type { StoredCollector } from './stored-collector.ts';

/** Moments at which one collector gave something, or had nothing yet: after a start of the agent. Epoch ms, ascending. */
interface Track {
  name: string;
  object: CollectorObject | undefined;
  isUndated: boolean;
  /** `waitsMs`: how long a run waits for its first data after a start. */
  ticks: { at: number; lastSeen: number; waitsMs: number | null }[];
  trees: (JsonObject | undefined)[];
  place: number;
}

/** What a run of a check finds: nothing where it waits for its first data. */
export type Seen = Observation | null;

/** What one check could see, from moment to moment: what its rule finds in what was stored, and how fresh that is. Asked with ascending times only. */
export class Sight {
  readonly #tracks: Track[];
  readonly #moments: number[];
  readonly #found: readonly Observation[];
  #place = -1;

  private constructor(tracks: Track[], moments: number[], found: readonly Observation[]) {
    this.#tracks = tracks;
    this.#moments = moments;
    this.#found = found;
  }

  /** Judges the check at all moments of which something is stored. `starts` are those at which an agent began to look. */
  static async of(
    check: CheckObject,
    collectors: ReadonlyMap<string, { stored: StoredCollector; object: CollectorObject | undefined }>,
    starts: readonly number[],
    until: number,
    judge: Judge,
  ): Promise<Sight> {
    const { program } = check;
    if (program === undefined) throw new TypeError(`${check.id} has no rule`);
    const tracks = [...collectors].map(([name, { stored, object }]) => trackOf(name, stored, object, starts));
    const times = new Set([...starts, ...tracks.flatMap(({ ticks }) => ticks.map(({ at }) => at))]);
    if (isTimely(program))
      for (let at = starts[0] ?? until; at <= until; at += check.intervalMs) times.add(at);
    const moments = [...times].sort((one, other) => one - other);
    return new Sight(tracks, moments, await judge.judge(program, momentsOf(moments, tracks)));
  }

  /** What a run at this moment finds. */
  at(at: number): Seen {
    while ((this.#moments[this.#place + 1] ?? Number.POSITIVE_INFINITY) <= at) this.#place += 1;
    const found = this.#found[this.#place];
    if (found === undefined) return null;
    for (const track of this.#tracks) {
      const { object, ticks, name } = track;
      while ((ticks[track.place + 1]?.at ?? Number.POSITIVE_INFINITY) <= at) track.place += 1;
      const tick = ticks[track.place];
      if (object === undefined || tick === undefined) continue;
      if (tick.waitsMs !== null) {
        if (at - tick.at < tick.waitsMs) return null;
      } else if (!track.isUndated && at - tick.lastSeen >= lateAfterMs(object))
        return ofLateData(found, name, at - tick.lastSeen);
    }
    return found;
  }
}

/** When an agent began to look: at the beginning, and after each gap. */
export function startsOf(since: number, until: number, gaps: readonly Gap[]): number[] {
  const starts = gaps.map(({ to }) => to).filter((at) => at > since && at < until);
  return gaps.some(({ from, to }) => from <= since && to > since) ? starts : [since, ...starts];
}

function trackOf(
  name: string,
  stored: StoredCollector,
  object: CollectorObject | undefined,
  starts: readonly number[],
): Track {
  const round = Math.min(object?.intervalMs ?? 0, Number.MAX_SAFE_INTEGER);
  const entries = [...stored.trees()].map((tree, index) => {
    const at = (stored.times[index] as number) * 1000;
    const stepMs = (stored.steps[index] as number) * 1000;
    // It ran all through a coarse step, as far as anybody knows.
    return {
      tick: { at, lastSeen: at + stepMs - Math.min(stepMs, round), waitsMs: null },
      tree: tree as JsonObject | undefined,
    };
  });
  // A coarse step may be longer than the wait for first data.
  const waitsMs = (at: number): number => {
    const next = stored.times.findIndex((time) => time * 1000 >= at);
    const step = stored.steps[next] ?? 0;
    return Math.max(object === undefined ? 0 : firstWaitMs(object), 2 * step * 1000);
  };
  const begun = stored.isUndated
    ? []
    : starts.map((at) => ({ tick: { at, lastSeen: at, waitsMs: waitsMs(at) }, tree: undefined }));
  // What is measured in the moment of a start is seen.
  const all = [...begun, ...entries].sort((one, other) => one.tick.at - other.tick.at);
  return {
    name,
    object,
    isUndated: stored.isUndated,
    ticks: all.map(({ tick }) => tick),
    trees: all.map(({ tree }) => tree),
    place: -1,
  };
}

function* momentsOf(moments: readonly number[], tracks: readonly Track[]): Generator<Moment> {
  const places = tracks.map(() => -1);
  for (const at of moments) {
    const trees = new Map<string, JsonObject | undefined>();
    tracks.forEach(({ name, ticks, trees: all }, index) => {
      let place = places[index] as number;
      while ((ticks[place + 1]?.at ?? Number.POSITIVE_INFINITY) <= at) place += 1;
      places[index] = place;
      trees.set(name, all[place]);
    });
    yield { at, trees };
  }
}
