import type { Json, JsonObject } from 'opsbro/sdk';
import { type ChangeDetail, detailOf, readDetail } from '../../alerting/history/change-detail.ts';
import type { RecordedChange } from '../../alerting/history/report.ts';
import type { NodeChange } from '../../alerting/nodes/changes.ts';
import { matcherText } from '../../alerting/suppression/matcher.ts';
import type { Bus } from './bus.ts';

/** One change of a collector, detector, check, group or node of the cluster, or of what holds notifications back. Times are epoch ms. */
export interface HistoryEntry {
  at: number;
  /** Of the object; that of a group is its name. '' in what an older agent wrote down. */
  id: string;
  name: string;
  oldState: string;
  state: string;
  log: string;
  /** Of a check: why, and what else is known of the change. */
  detail?: ChangeDetail;
  /** Of a downtime or silence: its matchers. */
  match?: string[];
}

/** What has a history. */
export type HistoryKind = 'collectors' | 'detectors' | 'checks' | 'groups' | 'nodes' | 'suppressions';

/** Where history is kept over restarts; losing its last second in a power cut is accepted. */
export interface HistoryStore {
  putLazy(batch: { put?: [string, Json][]; del?: string[] }): void;
  entries(prefix: string): Promise<[string, Json][]>;
}

/** Reports look back on checks for weeks. */
const limits: { [kind in HistoryKind]: number } = {
  collectors: 1000,
  detectors: 1000,
  checks: 5000,
  groups: 1000,
  nodes: 1000,
  suppressions: 1000,
};
/** Every kind there is. */
export const historyKinds = Object.keys(limits) as HistoryKind[];

/** The last changes of each kind, 5,000 of checks and 1,000 of the others, newest last, in memory and in the store. */
export class History {
  readonly #entries = new Map<HistoryKind, HistoryEntry[]>(historyKinds.map((kind) => [kind, []]));
  readonly #first = new Map<HistoryKind, number>(historyKinds.map((kind) => [kind, 0]));
  readonly #store: HistoryStore;

  constructor(store: HistoryStore) {
    this.#store = store;
  }

  /** Reads what an earlier agent left. */
  async restore(): Promise<void> {
    for (const kind of historyKinds) {
      const found = await this.#store.entries(`history/${kind}/`);
      const rows = found.slice(-limits[kind]);
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
    bus.subscribe('verdict', (change) => {
      const { at, check, name, oldState, state, output } = change;
      this.#add('checks', { at, id: check, name, oldState, state, log: output, detail: detailOf(change) });
    });
    bus.subscribe('suppression', ({ at, by, cause, change, comment, id, kind, match }) => {
      const matchers = match.map(matcherText);
      const of = matchers.length === 0 ? '' : `of ${matchers.join(' ')}: `;
      const log = `${of}${cause}, by ${by}${comment === '' ? '' : `: ${comment}`}`;
      const oldState = change === 'started' ? 'absent' : 'started';
      this.#add('suppressions', { at, id, name: kind, oldState, state: change, log, match: matchers });
    });
    bus.subscribe('groups', ({ at, added, removed }) => {
      for (const name of added)
        this.#add('groups', { at, id: name, name, oldState: 'absent', state: 'present', log: '' });
      for (const name of removed)
        this.#add('groups', { at, id: name, name, oldState: 'present', state: 'absent', log: '' });
    });
    bus.subscribe('node', (change) => {
      // How checks change is the affair of the node that runs them.
      if (change.what !== 'checks') this.#add('nodes', nodeEntry(change));
    });
  }

  /** Entries of a kind since `sinceMs`, newest last. */
  list(kind: HistoryKind, sinceMs = 0): HistoryEntry[] {
    return (this.#entries.get(kind) ?? []).filter((entry) => entry.at >= sinceMs);
  }

  /** Every change of a check that is kept, oldest first. */
  checkChanges(): RecordedChange[] {
    return this.list('checks').map(({ id, at, oldState, state, detail }) => ({
      ...(detail ?? readDetail({}, oldState, state)),
      id,
      at,
    }));
  }

  /** When the oldest entry happened, where older ones were dropped; null while all are there. */
  knownSince(kind: HistoryKind): number | null {
    const [oldest] = this.#entries.get(kind) ?? [];
    return oldest === undefined || this.#first.get(kind) === 0 ? null : oldest.at;
  }

  #add(kind: HistoryKind, given: HistoryEntry): void {
    const entries = this.#entries.get(kind) ?? [];
    const first = this.#first.get(kind) ?? 0;
    const entry = given.log.length > 1024 ? { ...given, log: given.log.slice(0, 1024) } : given;
    entries.push(entry);
    const del: string[] = [];
    if (entries.length > limits[kind]) {
      entries.shift();
      this.#first.set(kind, first + 1);
      del.push(keyOf(kind, first));
    }
    const sequence = (this.#first.get(kind) ?? 0) + entries.length - 1;
    this.#store.putLazy({ put: [[keyOf(kind, sequence), entry as unknown as JsonObject]], del });
  }
}

function nodeEntry({ at, uuid, name, what, old_state, state, added, removed }: NodeChange): HistoryEntry {
  const groups = [...added.map((group) => `+${group}`), ...removed.map((group) => `-${group}`)];
  const now = what === 'deleted' ? 'absent' : state;
  return { at, id: uuid, name, oldState: old_state ?? 'absent', state: now, log: groups.join(' ') };
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
    ...(Array.isArray(row.match) && { match: row.match.map(String) }),
    ...(row.detail !== undefined && { detail: readDetail(row.detail, text('oldState'), text('state')) }),
  };
}
