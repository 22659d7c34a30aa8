import type { Json } from 'opsbro/sdk';

/** A time in which no agent looked, epoch ms. */
export interface Gap {
  from: number;
  to: number;
}

/** The store, as a presence uses it: losing the last second in a power cut is accepted. */
export interface PresenceStore {
  get(key: string): Promise<Json | undefined>;
  putLazy(batch: { put?: [string, Json][] }): unknown;
}

const aliveKey = 'presence/alive';
const gapsKey = 'presence/gaps';
/** How often it is written down that the agent runs. */
const writtenEachMs = 10_000;
/** A shorter time without a sign is a restart after a crash, or a busy machine. */
const shortestMs = 30_000;
/** Of more, the oldest are forgotten. */
const gapsKept = 500;

/**
 * When nobody looked: the agent was off, the machine slept, or the clock was set forward. An agent that ended by itself leaves the moment;
 * of one that was killed it is known to ten seconds. Call `look` once a second.
 */
export class Presence {
  readonly #now: () => number;
  #store: PresenceStore | undefined;
  #gaps: Gap[] = [];
  #aliveAt: number;
  /** The latest time at which an agent looked, by whatever clock. */
  #latestAt = Number.NEGATIVE_INFINITY;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
    this.#aliveAt = now();
  }

  /** Oldest first, none over another. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** Takes over what an earlier agent left: since its last sign nobody looked. Never rejects. */
  async restore(store: PresenceStore): Promise<void> {
    this.#store = store;
    const read = (key: string): Promise<Json | undefined> => store.get(key).catch(() => undefined);
    const [alive, gaps] = await Promise.all([read(aliveKey), read(gapsKey)]);
    this.#gaps = readGaps(gaps);
    const { at, hasEnded } = readAlive(alive);
    this.#latestAt = at ?? this.#latestAt;
    if (at !== null) this.#step(at, this.#now(), hasEnded ? 0 : shortestMs);
    this.look();
  }

  /** Notes that the agent runs. */
  look(): void {
    const now = this.#now();
    this.#step(this.#aliveAt, now, shortestMs);
    this.#aliveAt = now;
    this.#latestAt = Math.max(this.#latestAt, now);
    if (Math.abs(now - this.#writtenAt) >= writtenEachMs) this.#write(false);
  }

  /** The agent ends: from now on nobody looks. */
  stop(): void {
    this.look();
    this.#write(true);
  }

  #step(from: number, to: number, longerThanMs: number): void {
    const last = this.#gaps.at(-1);
    if (to <= from) return;
    if (last !== undefined && last.to > to) {
      // A clock that is behind for a while tells nothing; one that was ahead had made the gap too long.
      if (last.from < from) this.#keep([...this.#gaps.slice(0, -1), { from: last.from, to: from }]);
      return;
    }
    // A machine without a battery starts long ago: until its clock is set, an agent had looked.
    const known = this.#latestAt <= to ? this.#latestAt : from;
    const start = Math.max(from, known, last?.to ?? from);
    if (to - start > longerThanMs) this.#keep([...this.#gaps, { from: start, to }].slice(-gapsKept));
  }

  #keep(gaps: Gap[]): void {
    this.#gaps = gaps;
    this.#store?.putLazy({ put: [[gapsKey, gaps.map(({ from, to }) => [from, to])]] });
  }

  #write(hasEnded: boolean): void {
    this.#writtenAt = this.#aliveAt;
    this.#store?.putLazy({ put: [[aliveKey, { at: this.#aliveAt, hasEnded }]] });
  }
}

/** How much of a time is in gaps, ms. */
export function gapMs(gaps: readonly Gap[], from: number, to: number): number {
  return gaps.reduce((sum, gap) => sum + Math.max(0, Math.min(gap.to, to) - Math.max(gap.from, from)), 0);
}

/** The parts of a time that are in no gap. */
export function outsideGaps(gaps: readonly Gap[], from: number, to: number): Gap[] {
  const parts: Gap[] = [];
  let start = from;
  for (const gap of gaps) {
    if (gap.to <= start || gap.from >= to) continue;
    if (gap.from > start) parts.push({ from: start, to: gap.from });
    start = gap.to;
  }
  if (start < to) parts.push({ from: start, to });
  return parts;
}

function readAlive(value: Json | undefined): { at: number | null; hasEnded: boolean } {
  const { at, hasEnded } = (typeof value === 'object' && value !== null ? value : {}) as {
    [key: string]: unknown;
  };
  return { at: typeof at === 'number' ? at : null, hasEnded: hasEnded === true };
}

function readGaps(value: Json | undefined): Gap[] {
  return (Array.isArray(value) ? value : []).flatMap((pair) => {
    const [from, to] = Array.isArray(pair) ? pair : [];
    return typeof from === 'number' && typeof to === 'number' && to > from ? [{ from, to }] : [];
  });
}
