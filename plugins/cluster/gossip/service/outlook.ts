import type { Clock, JsonObject, NodesSnapshot } from 'opsbro/sdk';
import type { GossipNode } from '../gossip-node.ts';
import type { Timers } from '../transport.ts';
import { nodesSnapshot } from './cluster-view.ts';
import { Debounce } from './debounce.ts';
import type { ZonePlace } from './zone-place.ts';

/** What an outlook is made of. */
export interface OutlookParts {
  self: string;
  clock: Clock;
  timers: Timers;
  place: ZonePlace;
  /** The node as it is now. */
  node(): GossipNode;
  /** What was counted. */
  figures(): JsonObject;
  publish(snapshot: NodesSnapshot): void;
}

const publishMs = 100;
/** Figures move all the time: for them alone a snapshot goes out this often, and later for each node in it, since it is copied whole. */
const figuresMs = 10_000;
const figuresMsPerNode = 10;

/** The cluster as the rest of this agent is shown it, whenever something changes, many changes together. */
export class Outlook {
  readonly #parts: OutlookParts;
  readonly #view: Debounce;
  #cancel: () => void = () => undefined;

  constructor(parts: OutlookParts) {
    this.#parts = parts;
    this.#view = new Debounce(parts.timers, publishMs, () => this.#publish());
  }

  /** The cluster as it is now. */
  snapshot(): NodesSnapshot {
    const { self, clock, timers, place } = this.#parts;
    const node = this.#parts.node();
    const told = node.members().map((member) => ({ member, record: node.recordOf(member) }));
    const snapshot = nodesSnapshot(self, told, clock.now() - timers.now(), place.tree && node.zones());
    return { ...snapshot, figures: numbersOf(this.#parts.figures()) };
  }

  /** Something has changed. */
  soon(): void {
    this.#view.call();
  }

  stop(): void {
    this.#cancel();
    this.#view.stop();
  }

  #publish(): void {
    const { timers, publish } = this.#parts;
    const snapshot = this.snapshot();
    this.#cancel();
    this.#cancel = timers.after(figuresMs + figuresMsPerNode * snapshot.nodes.length, () => this.soon());
    publish(snapshot);
  }
}

/** Counters as numbers by names of metrics; of counters by reason, their sum. */
export function numbersOf(figures: JsonObject): { [name: string]: number } {
  const numbers = Object.entries(figures).map(([name, value]): [string, number] => {
    const parts = typeof value === 'object' && value !== null ? Object.values(value) : [value];
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [snake, parts.reduce<number>((sum, part) => sum + Number(part), 0)];
  });
  return Object.fromEntries(numbers);
}
