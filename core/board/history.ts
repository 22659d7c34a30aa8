import type { Json } from 'opsbro/sdk';
import type { Bus } from './bus.ts';

/** One change of a collector, detector, check or group. Times are epoch ms. */
export interface HistoryEntry {
  at: number;
  /** Of the object; that of a group is its name. '' in what an older agent wrote down. */
  id: string;
  name: string;
  oldState: string;
  state: string;
  log: string;
}

/** What has a history. */
export type HistoryKind = 'collectors' | 'detectors' | 'checks' | 'groups';

/** Where history is kept over restarts; losing its last second in a power cut is accepted. */
export interface HistoryStore {
  putLazy(batch: { put?: [string, Json][]; del?: string[] }): void;
  entries(prefix: string): Promise<[string, Json][]>;
}

const limit = 1000;
const kinds: readonly HistoryKind[] = ['collectors', 'detectors', 'checks', 'groups'];

/** The last 1,000 changes of each kind, newest last, in memory and in the store. */
export class History {
  readonly #entries = new Map<HistoryKind, HistoryEntry[]>(kinds.map((kind) => [kind, []]));
  readonly #first = new Map<HistoryKind, number>(kinds.map((kind) => [kind, 0]));
  readonly #store: HistoryStore;

  constructor(store: HistoryStore) {
    this.#store = store;
  }

  /** Reads what an earlier agent left. */
  async restore(): Promise<void> {
    for (const kind of kinds) {
      const found = await this.#store.entries(`history/${kind}/`);
      const rows = found.slice(-limit);
      const last = rows.at(-1)?.[0].split('/').at(-1);
      // Counted from the last: rows between may be lost, and what comes must follow it.
      this.#first.set(kind, last === undefined ? 0 : Number(last) - rows.length + 1);
      this.#entries.set(
        kind,
        rows.map(([, value]) => readEntry(value)),
      );
    }
  }

  /** Writes down what the bus tells, from now on. */
  follow(bus: Bus): void {
    bus.subscribe('collector', (event) => this.#add('collectors', event));
    bus.subscribe('detector', (event) => this.#add('detectors', event));
    bus.subscribe('verdict', ({ at, check, name, oldState, state, output }) =>
      this.#add('checks', { at, id: check, name, oldState, state, log: output }),
    );
    bus.subscribe('groups', ({ at, added, removed }) => {
      for (const name of added)
        this.#add('groups', { at, id: name, name, oldState: 'absent', state: 'present', log: '' });
      for (const name of removed)
        this.#add('groups', { at, id: name, name, oldState: 'present', state: 'absent', log: '' });
    });
  }

  /** Entries of a kind since `sinceMs`, newest last. */
  list(kind: HistoryKind, sinceMs = 0): HistoryEntry[] {
    return (this.#entries.get(kind) ?? []).filter((entry) => entry.at >= sinceMs);
  }

  #add(kind: HistoryKind, { at, id, name, oldState, state, log }: HistoryEntry): void {
    const entries = this.#entries.get(kind) ?? [];
    const first = this.#first.get(kind) ?? 0;
    const entry = { at, id, name, oldState, state, log: log.slice(0, 1024) };
    entries.push(entry);
    const del: string[] = [];
    if (entries.length > limit) {
      entries.shift();
      this.#first.set(kind, first + 1);
      del.push(keyOf(kind, first));
    }
    const sequence = (this.#first.get(kind) ?? 0) + entries.length - 1;
    this.#store.putLazy({ put: [[keyOf(kind, sequence), { ...entry }]], del });
  }
}

function keyOf(kind: HistoryKind, sequence: number): string {
  return `history/${kind}/${String(sequence).padStart(12, '0')}`;
}

function readEntry(value: Json): HistoryEntry {
  const row = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const text = (key: string): string => (typeof row[key] === 'string' ? row[key] : '');
  return {
    at: Number(row.at ?? 0),
    id: text('id'),
    name: text('name'),
    oldState: text('oldState'),
    state: text('state'),
    log: text('log'),
  };
}
