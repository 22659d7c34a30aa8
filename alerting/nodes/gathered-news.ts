import type { NodesSnapshot } from 'opsbro/sdk';
import type { TimerClock } from '../../core/clock.ts';
import { type NodeChange, nodeChanges } from './changes.ts';
import { isNews, type NodeOccurrence, nodeOccurrences } from './occurrences.ts';
import { ZonesReached, zoneOccurrences } from './zones.ts';

/** What people are told of a cluster goes through. */
export interface GatheredNewsParts {
  clock: TimerClock;
  tell(occurrence: NodeOccurrence): void;
}

/** What dies together is found dead one by one: what happens this soon after each other is told as one change of each node. */
const gatherMs = 3_000;
/** A new host finds out what it is detector by detector: what it is then is told once, this long after it was told of. */
const settleMs = 30_000;

/** A new node whose groups still come in. */
interface Newcomer {
  groups: string[];
  untilMs: number;
}

/** Tells people what became of nodes and zones between two moments, the second a little after the first change. */
export class GatheredNews {
  readonly #parts: GatheredNewsParts;
  readonly #zones = new ZonesReached();
  readonly #newcomers = new Map<string, Newcomer>();
  /** The cluster as it was told last. */
  #told: NodesSnapshot | null = null;
  #latest: NodesSnapshot | null = null;
  #since: number | null = null;
  #cancel: () => void = () => undefined;
  /** Ends the wait for newcomers' groups; undefined while there is none. */
  #settling: (() => void) | undefined;
  #isStopped = false;

  constructor(parts: GatheredNewsParts) {
    this.#parts = parts;
  }

  /**
   * The cluster as it is now, and what changed since it was heard last. The first time nothing is told: who is there when the agent
   * starts is no news.
   */
  hear(snapshot: NodesSnapshot, changes: readonly NodeChange[]): void {
    if (this.#isStopped) return;
    const told = this.#told;
    this.#latest = snapshot;
    if (told !== null) {
      if (changes.some(isNews) || !areAlike(told.zones, snapshot.zones)) this.#tellAfter(gatherMs);
      return;
    }
    this.#zones.changesTo(snapshot);
    this.#told = snapshot;
  }

  /** Tells what waits at once, and nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#newcomers.clear();
    this.#tell();
    this.#settling?.();
  }

  #tellAfter(delayMs: number): void {
    if (this.#since !== null) return;
    const { clock } = this.#parts;
    this.#since = clock.now();
    this.#cancel = clock.after(delayMs, () => this.#tell());
  }

  #tell(): void {
    this.#cancel();
    const [told, latest, at] = [this.#told, this.#latest, this.#since ?? this.#parts.clock.now()];
    this.#since = null;
    if (told === null || latest === null) return;
    const settled = this.#settled(latest);
    this.#told = settled;
    const changes = nodeChanges(told, settled, at);
    this.#await(changes.filter(({ what }) => what === 'new'));
    const zones = zoneOccurrences(this.#zones.changesTo(latest), latest, at);
    for (const occurrence of [...zones, ...nodeOccurrences(changes)]) this.#parts.tell(occurrence);
  }

  /** The cluster, of newcomers with the groups that were told. */
  #settled(latest: NodesSnapshot): NodesSnapshot {
    const now = this.#parts.clock.monotonic();
    for (const [uuid, { untilMs }] of this.#newcomers) if (untilMs <= now) this.#newcomers.delete(uuid);
    if (this.#newcomers.size === 0) return latest;
    const nodes = latest.nodes.map((node) => {
      const groups = this.#newcomers.get(node.uuid)?.groups;
      return groups === undefined ? node : { ...node, groups };
    });
    return { ...latest, nodes };
  }

  #await(newcomers: readonly NodeChange[]): void {
    if (newcomers.length === 0) return;
    const { clock } = this.#parts;
    const untilMs = clock.monotonic() + settleMs;
    for (const { uuid, groups } of newcomers) this.#newcomers.set(uuid, { groups, untilMs });
    if (this.#settling === undefined) this.#settleAfter(settleMs);
  }

  /** Timers may be a millisecond early. What is gathered meanwhile is told when it would be anyway. */
  #settleAfter(delayMs: number): void {
    const { clock } = this.#parts;
    this.#settling = clock.after(delayMs + 1, () => {
      this.#settling = undefined;
      if (this.#since === null) this.#tell();
      const next = Math.min(...[...this.#newcomers.values()].map(({ untilMs }) => untilMs));
      if (this.#newcomers.size > 0 && this.#settling === undefined)
        this.#settleAfter(Math.max(next - clock.monotonic(), gatherMs));
    });
  }
}

function areAlike(before: NodesSnapshot['zones'], after: NodesSnapshot['zones']): boolean {
  return (
    before.length === after.length &&
    after.every(({ name, unreachable }, at) => {
      const was = before[at];
      return was?.name === name && was.unreachable === unreachable;
    })
  );
}
