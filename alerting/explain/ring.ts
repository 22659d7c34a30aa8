import type { Json } from 'opsbro/sdk';
import { type ExplainRecord, subjectOf } from './model.ts';
import { readRecord } from './read-record.ts';

const rangeKey = 'records';
const prefix = 'record/';
const digits = 15;
/** Records whose serials differ in the last three digits only are read in one go. */
const chunkDigits = 3;
const chunk = 10 ** chunkDigits;
/** Records kept in memory too, since the store's queue may hold them still. */
const recentKept = 2000;
/** Records that wait for a slow disk or the load; beyond, the oldest are lost. */
const waitingKept = 20_000;
/** Records of the past that one question reads. */
const mostRead = 5000;

/** The store, as the ring uses it: losing the last second in a power cut is accepted. */
export interface RingStore {
  get(key: string): Promise<Json | undefined>;
  entries(prefix: string): Promise<[string, Json][]>;
  putLazy(batch: { put?: [string, Json][]; del?: string[] }): Promise<void>;
}

/** How much a ring keeps. */
export interface RingLimits {
  records: number;
  ageMs: number;
}

/** Enough for a week of a busy node. Nothing is too old until the configuration says how long to keep it. */
export const ringLimits: RingLimits = { records: 100_000, ageMs: Number.POSITIVE_INFINITY };

/**
 * The latest facts behind `explain`, in the store; memory holds when each happened and what it is about. Append-only: beyond its limits of
 * number and age the oldest go.
 */
export class Ring {
  readonly #records: number;
  #ageMs: number;
  readonly #now: () => number;
  #store: RingStore | undefined;
  /** When each record happened and what it is about, of the serials from `#first` on, without a gap: as objects they would take three times as much. */
  #ats: number[] = [];
  #subjects: string[] = [];
  #first = 0;
  /** The first serial that the store has still. */
  #stored = 0;
  readonly #recent = new Map<number, ExplainRecord>();
  /** Not in the store yet: until the load has ended nobody knows which serials are free. */
  #waiting: ExplainRecord[] = [];
  #isLoaded = false;
  #isScheduled = false;
  #writing: Promise<void> | undefined;

  constructor(now: () => number, limits: RingLimits = ringLimits) {
    this.#now = now;
    this.#records = limits.records;
    this.#ageMs = limits.ageMs;
  }

  /** From now on what is older goes. */
  keepFor(ageMs: number): void {
    this.#ageMs = ageMs;
  }

  /** Takes over what an earlier agent left, a thousand records a turn, while others are added already. Never rejects. */
  async load(store: RingStore): Promise<void> {
    this.#store = store;
    const { first, next } = readRange(await store.get(rangeKey).catch(() => undefined));
    this.#first = first;
    this.#stored = first;
    for (let from = first - (first % chunk); from < next; from += chunk) {
      const start = keyOf(from).slice(0, -chunkDigits);
      const rows = await store.entries(start).catch((): [string, Json][] => []);
      const found = new Map(rows.map(([key, value]) => [key, value]));
      for (let serial = Math.max(from, first); serial < Math.min(from + chunk, next); serial += 1) {
        const record = readRecord(found.get(keyOf(serial)));
        this.#mark(record);
      }
    }
    this.#isLoaded = true;
    await this.flush();
  }

  /** Takes a fact. It is written on a later turn. */
  add(record: ExplainRecord): void {
    this.#waiting.push(record);
    if (this.#waiting.length > waitingKept) this.#waiting.shift();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => void this.flush());
  }

  /**
   * Lets go of what is too old, and hands what was added to the store, a thousand at a time: what must be exact is not to wait behind it.
   * Resolves once all of it is written. Never rejects.
   */
  flush(): Promise<void> {
    this.#isScheduled = false;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    for (let batch = this.#batch(); batch !== null; batch = this.#batch()) await this.#store?.putLazy(batch);
  }

  /** What is to be written next; null when that is nothing, or the load goes on. */
  #batch(): { put: [string, Json][]; del: string[] } | null {
    if (!this.#isLoaded) return null;
    this.#prune();
    const del: string[] = [];
    for (; this.#stored < this.#first && del.length < chunk; this.#stored += 1) del.push(keyOf(this.#stored));
    const put = this.#waiting.splice(0, chunk).map((record): [string, Json] => {
      const serial = this.#first + this.#ats.length;
      this.#mark(record);
      this.#recent.set(serial, record);
      return [keyOf(serial), record as unknown as Json];
    });
    for (const serial of this.#recent.keys()) {
      if (this.#recent.size <= recentKept) break;
      this.#recent.delete(serial);
    }
    if (put.length + del.length === 0) return null;
    put.push([rangeKey, { first: this.#stored, next: this.#first + this.#ats.length }]);
    return { put, del };
  }

  /** Since when it knows everything, epoch ms; null when nothing was ever recorded. */
  knownSince(): number | null {
    const isEmpty = this.#first === 0 && this.#waiting.length === 0;
    return this.#ats[0] ?? this.#waiting[0]?.at ?? (isEmpty ? null : this.#now());
  }

  /** The records about these subjects up to `until`, oldest first; of very many, the last 5,000. */
  async about(subjects: ReadonlySet<string>, until: number): Promise<ExplainRecord[]> {
    void this.flush();
    const serials: number[] = [];
    for (let index = this.#ats.length - 1; index >= 0 && serials.length < mostRead; index -= 1)
      if ((this.#ats[index] as number) <= until && subjects.has(this.#subjects[index] as string))
        serials.push(this.#first + index);
    const early = this.#waiting.filter((record) => record.at <= until && subjects.has(subjectOf(record)));
    const found = await Promise.all(serials.reverse().map((serial) => this.#read(serial)));
    return [...found.filter((record) => record !== undefined), ...early];
  }

  async #read(serial: number): Promise<ExplainRecord | undefined> {
    return (
      this.#recent.get(serial) ?? readRecord(await this.#store?.get(keyOf(serial)).catch(() => undefined))
    );
  }

  #prune(): void {
    const oldest = this.#now() - this.#ageMs;
    let count = Math.max(0, this.#ats.length - this.#records);
    while ((this.#ats[count] ?? oldest) < oldest) count += 1;
    if (count === 0) return;
    this.#ats.splice(0, count);
    this.#subjects.splice(0, count);
    this.#first += count;
  }

  /** A record that was lost keeps its place: as old as the one before. */
  #mark(record: ExplainRecord | undefined): void {
    this.#ats.push(record?.at ?? this.#ats.at(-1) ?? 0);
    this.#subjects.push(record === undefined ? '' : subjectOf(record));
  }
}

function keyOf(serial: number): string {
  return prefix + String(serial).padStart(digits, '0');
}

function readRange(value: Json | undefined): { first: number; next: number } {
  const { first, next } = (typeof value === 'object' && value !== null ? value : {}) as {
    [key: string]: unknown;
  };
  const isSerial = (serial: unknown): serial is number => Number.isSafeInteger(serial) && Number(serial) >= 0;
  return isSerial(first) && isSerial(next) && next >= first ? { first, next } : { first: 0, next: 0 };
}
