import type { Json, JsonObject, NodesSnapshot } from 'opsbro/sdk';
import type { CheckStatus } from '../../alerting/model.ts';
import type { Bus } from './bus.ts';

/** The latest tree of a collector and when it was measured. */
export interface Sample {
  tree: JsonObject;
  /** Epoch ms. */
  at: number;
}

/** A group this node belongs to, and why. */
export interface GroupEntry {
  source: 'static' | 'detected';
  since: number;
  detectors: string[];
}

/** The latest samples, groups and verdicts, by key: with the bus the only state the parts of the core share. */
export class Board {
  readonly samples = new Map<string, Sample>();
  readonly verdicts = new Map<string, CheckStatus>();
  /** Verdicts on their way to the store: decided and planned with, not shown yet. What comes meanwhile follows them. */
  readonly ahead = new Map<string, CheckStatus>();
  /** Groups each detector found at its last run, by object id. */
  readonly detected = new Map<string, string[]>();
  /** The cluster as its service last told of it. */
  nodes: NodesSnapshot | null = null;
  /** Snapshots of services, by topic, that some collector needs. */
  readonly published = new Map<string, Json>();
  readonly #bus: Bus;
  #static: string[] = [];
  #groups = new Map<string, GroupEntry>();
  #names: readonly string[] = [];

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** What was decided of a check last, shown or not. */
  decided(check: string): CheckStatus | undefined {
    return this.ahead.get(check) ?? this.verdicts.get(check);
  }

  /** Sorted names of all groups; the same array until a group changes. */
  get groups(): readonly string[] {
    return this.#names;
  }

  get staticGroups(): readonly string[] {
    return this.#static;
  }

  groupEntries(): ReadonlyMap<string, GroupEntry> {
    return this.#groups;
  }

  setStaticGroups(names: string[], at: number): void {
    this.#static = [...new Set(names)].sort();
    this.#update(at);
  }

  /** Records what a detector found; an empty list takes its groups away unless configuration or another detector gives them. */
  setDetected(detector: string, groups: string[], at: number): void {
    const before = this.detected.get(detector) ?? [];
    if (before.length === groups.length && before.every((name, index) => name === groups[index])) return;
    if (groups.length === 0) this.detected.delete(detector);
    else this.detected.set(detector, groups);
    this.#update(at);
  }

  #update(at: number): void {
    const next = new Map<string, GroupEntry>();
    for (const name of this.#static) {
      next.set(name, { source: 'static', since: this.#groups.get(name)?.since ?? at, detectors: [] });
    }
    for (const [detector, names] of this.detected) {
      for (const name of names) {
        const entry = next.get(name);
        if (entry === undefined) {
          next.set(name, {
            source: 'detected',
            since: this.#groups.get(name)?.since ?? at,
            detectors: [detector],
          });
        } else entry.detectors.push(detector);
      }
    }
    const added = [...next.keys()].filter((name) => !this.#groups.has(name)).sort();
    const removed = [...this.#groups.keys()].filter((name) => !next.has(name)).sort();
    this.#groups = next;
    if (added.length === 0 && removed.length === 0) return;
    this.#names = [...next.keys()].sort();
    this.#bus.publish('groups', { added, removed, groups: [...this.#names], at });
  }
}
