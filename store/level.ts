import { ClassicLevel } from 'classic-level';
import type { Json } from 'opsbro/sdk';
import { systemClock, type TimerClock } from '../core/clock.ts';
import { OpsbroError } from '../core/errors.ts';
import type { Batch, Store, StoreFigures, StoreOptions, StoreRange } from './store.ts';

export type { Batch, Store, StoreFigures, StoreOptions } from './store.ts';

const encodings = { keyEncoding: 'utf8', valueEncoding: 'utf8' } as const;
/** The agent's state is a few hundred small values, mostly written: LevelDB's own 8 and 4 MiB would only be resident. */
const memoryBytes = 1024 * 1024;

/** Operations of one group, unless one batch has more: to hand very many to LevelDB takes the calling thread tens of milliseconds. */
const perGroup = 1000;

type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

interface Waiting {
  operations: Operation[];
  sync: boolean;
  /** All of it is written while somebody waits for it, or nothing; else what is written stays to be written. */
  orNothing?: { isLate: boolean };
  done(): void;
  failed(error: OpsbroError): void;
}

/**
 * Opens a store in `path`, which must exist, and takes its lock. Rejects with the library's error, whose `cause.code` tells a
 * held lock (`LEVEL_LOCKED`) from a damaged store (`LEVEL_CORRUPTION`).
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<Store> {
  const store = new LevelStore(path, options);
  await store.open();
  return store;
}

/** Rebuilds the index of a damaged store from what is readable. */
export async function repairStore(path: string): Promise<void> {
  await ClassicLevel.repair(path);
}

class LevelStore implements Store {
  readonly #path: string;
  readonly #clock: TimerClock;
  readonly #onTrouble: (error: OpsbroError | null) => void;
  readonly #limits: { queued: number; retained: number; retryMs: number; memoryBytes: number };
  readonly #figures: StoreFigures = { writable: true, batches: 0, syncs: 0, dropped: 0, unreadable: 0 };
  readonly #retained = new Map<string, Operation>();
  #db: ClassicLevel<string, string>;
  #queue: Waiting[] = [];
  #queued = 0;
  #writer: Promise<void> | null = null;
  #trouble: OpsbroError | null = null;
  #cancelRetry: () => void = () => {};
  #retrying: Promise<void> | null = null;
  #closed: Promise<void> | null = null;

  constructor(path: string, options: StoreOptions) {
    this.#path = path;
    this.#clock = options.clock ?? systemClock;
    this.#onTrouble = options.onTrouble ?? (() => {});
    this.#limits = {
      queued: options.maxQueued ?? 20_000,
      retained: options.maxRetained ?? 20_000,
      retryMs: options.retryMs ?? 5000,
      memoryBytes: options.memoryBytes ?? memoryBytes,
    };
    this.#db = this.#database();
  }

  #database(): ClassicLevel<string, string> {
    const { memoryBytes: cacheSize } = this.#limits;
    const memory = { cacheSize, writeBufferSize: cacheSize, maxOpenFiles: 64 };
    return new ClassicLevel(this.#path, { ...encodings, ...memory });
  }

  async open(): Promise<void> {
    await this.#db.open();
  }

  async get(key: string): Promise<Json | undefined> {
    const text = await this.#reading(() => this.#db.get(key));
    return text === undefined ? undefined : this.#parse(text);
  }

  async entries(prefix: string): Promise<[string, Json][]> {
    const found: [string, Json][] = [];
    const pairs = await this.#reading(() => this.#db.iterator(prefixRange(prefix)).all());
    for (const [key, text] of pairs) {
      const value = this.#parse(text);
      if (value !== undefined) found.push([key, value]);
    }
    return found;
  }

  async keys(prefix: string, most: number): Promise<string[]> {
    // Behind a half of a character there is no next one to end a range with.
    const range = /[\ud800-\uffff]$/.test(prefix) ? { gte: prefix } : prefixRange(prefix);
    const found = await this.#reading(() => this.#db.keys({ ...range, limit: most }).all());
    return found.filter((key) => key.startsWith(prefix));
  }

  sizes(prefix: string): Promise<[string, number][]> {
    return this.#reading(async () => {
      const found: [string, number][] = [];
      for await (const [key, text] of this.#db.iterator(prefixRange(prefix)))
        found.push([key, Buffer.byteLength(text)]);
      return found;
    });
  }

  async range(range: StoreRange): Promise<[string, Json][]> {
    const pairs = await this.#reading(() => this.#db.iterator(range).all());
    return pairs.flatMap(([key, text]): [string, Json][] => {
      const value = this.#parse(text);
      return value === undefined ? [] : [[key, value]];
    });
  }

  async getMany(keys: string[]): Promise<(Json | undefined)[]> {
    const texts = await this.#reading(() => this.#db.getMany(keys));
    return texts.map((text) => (text === undefined ? undefined : this.#parse(text)));
  }

  sizeOf(from: string, to: string): Promise<number> {
    return this.#reading(() => this.#db.approximateSize(from, to));
  }

  compact(from: string, to: string): Promise<void> {
    return this.#reading(() => this.#db.compactRange(from, to));
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw storeError(this.#path, 'read', error);
    }
  }

  #parse(text: string): Json | undefined {
    try {
      return JSON.parse(text) as Json;
    } catch {
      this.#figures.unreadable += 1;
      return undefined;
    }
  }

  put(batch: Batch): Promise<void> {
    const operations = toOperations(batch);
    const refused = this.#refusal(operations);
    if (refused !== null) return Promise.reject(refused);
    if (this.#trouble) {
      this.#retain(operations);
      return Promise.reject(this.#trouble);
    }
    return new Promise((done, failed) => this.#enqueue({ operations, sync: true, done, failed }));
  }

  putOrNothing(batch: Batch, deadlineMs: number): Promise<void> {
    const operations = toOperations(batch);
    const refused = this.#refusal(operations) ?? this.#trouble;
    if (refused !== null) return Promise.reject(refused);
    let cancel = (): void => undefined;
    const written = new Promise<void>((done, failed) => {
      const orNothing = { isLate: false };
      cancel = this.#clock.after(deadlineMs, () => {
        orNothing.isLate = true;
        failed(storeError(this.#path, 'write', `the disk did not answer within ${deadlineMs} ms`));
      });
      this.#enqueue({ operations, sync: true, orNothing, done, failed });
    });
    return written.finally(cancel);
  }

  /** Why nothing more is taken now; null when it is. */
  #refusal(operations: Operation[]): OpsbroError | null {
    if (this.#closed) return new OpsbroError('OPSBRO_AGENT_STORE', `${this.#path}: is closed`);
    if (this.#queued + operations.length <= this.#limits.queued) return null;
    const message = `${this.#path}: more than ${this.#limits.queued} operations wait for the disk`;
    return new OpsbroError('OPSBRO_AGENT_BUSY', message);
  }

  putLazy(batch: Batch): Promise<void> {
    const operations = toOperations(batch);
    if (this.#closed || this.#queued + operations.length > this.#limits.queued) {
      this.#figures.dropped += operations.length;
      return Promise.resolve();
    }
    if (this.#trouble) {
      this.#retain(operations);
      return Promise.resolve();
    }
    return new Promise((done) => this.#enqueue({ operations, sync: false, done, failed: () => done() }));
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting);
    this.#queued += waiting.operations.length;
    this.#writer ??= this.#write();
  }

  /** The one writer: everything that queued up while the previous group was on its way to the disk makes the next group. */
  async #write(): Promise<void> {
    // Lets every put of this turn of the event loop into the first group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      if (group[0]?.orNothing !== undefined) {
        await this.#writeOrUndo(group[0], group[0].orNothing);
        continue;
      }
      const operations = group.flatMap((waiting) => waiting.operations);
      this.#queued -= operations.length;
      const sync = group.some((waiting) => waiting.sync);
      const error = this.#trouble ?? (await this.#commit(operations, sync));
      if (error) this.#retain(operations);
      else this.#figures.batches += group.length;
      for (const waiting of group) error ? waiting.failed(error) : waiting.done();
    }
    // In the same turn as the last look at the queue, so that no batch falls between.
    this.#writer = null;
  }

  /** A batch of its own, so that what is undone of it undoes nothing of another. */
  async #writeOrUndo({ operations, done, failed }: Waiting, wanted: { isLate: boolean }): Promise<void> {
    this.#queued -= operations.length;
    if (wanted.isLate) return;
    const keys = operations.map(({ key }) => key);
    const before = await this.#before(keys);
    if (before instanceof OpsbroError) return failed(before);
    const error = await this.#commit(operations, true);
    if (error === null && !wanted.isLate) {
      this.#figures.batches += 1;
      return done();
    }
    // A write that failed may be found in the log all the same, when that is read again.
    if (error !== null || (await this.#commit(before, true)) !== null) this.#retain(before);
    if (error !== null) failed(error);
  }

  /** What makes some keys again what they are now; an error where nothing can be written. */
  async #before(keys: string[]): Promise<Operation[] | OpsbroError> {
    if (this.#trouble !== null) return this.#trouble;
    try {
      const values = await this.#db.getMany(keys);
      return keys.map((key, index) => {
        const value = values[index];
        return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
      });
    } catch (error) {
      return storeError(this.#path, 'read', error);
    }
  }

  #nextGroup(): Waiting[] {
    let [count, operations] = [0, 0];
    for (const waiting of this.#queue) {
      operations += waiting.operations.length;
      if (count > 0 && (operations > perGroup || waiting.orNothing !== undefined)) break;
      count += 1;
      if (waiting.orNothing !== undefined) break;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(operations: Operation[], sync: boolean): Promise<OpsbroError | null> {
    try {
      // One by one, since the library copies the operations of an array: that takes six times as long.
      const batch = this.#db.batch();
      for (const operation of operations)
        if (operation.type === 'put') batch.put(operation.key, operation.value);
        else batch.del(operation.key);
      await batch.write({ sync });
      if (sync) this.#figures.syncs += 1;
      return null;
    } catch (error) {
      return this.#fail(error);
    }
  }

  #retain(operations: Operation[]): void {
    for (const operation of operations) {
      if (this.#retained.has(operation.key) || this.#retained.size < this.#limits.retained) {
        this.#retained.set(operation.key, operation);
      } else {
        this.#figures.dropped += 1;
      }
    }
  }

  #fail(cause: unknown): OpsbroError {
    const error = storeError(this.#path, 'write', cause);
    this.#trouble = error;
    this.#figures.writable = false;
    this.#onTrouble(error);
    this.#retryLater();
    return error;
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#cancelRetry = this.#clock.after(this.#limits.retryMs, () => {
      this.#retrying = this.#retry().finally(() => {
        this.#retrying = null;
      });
    });
  }

  /**
   * LevelDB counts a failed append as written, so records appended after it are misread at the next start: measured, an
   * acknowledged one was lost. Closing and opening replays the log up to the torn record and starts a new one.
   */
  async #retry(isLast = false): Promise<void> {
    try {
      await this.#db.close();
      if (this.#closed && !isLast) return;
      const reopened = this.#database();
      await reopened.open();
      this.#db = reopened;
      const written = [...this.#retained.values()];
      await this.#db.batch(written, { sync: true });
      for (const operation of written) {
        if (this.#retained.get(operation.key) === operation) this.#retained.delete(operation.key);
      }
    } catch {
      this.#retryLater();
      return;
    }
    const late = [...this.#retained.values()];
    this.#retained.clear();
    this.#trouble = null;
    this.#figures.writable = true;
    if (late.length > 0) this.#enqueue({ operations: late, sync: true, done: () => {}, failed: () => {} });
    this.#onTrouble(null);
  }

  async flush(): Promise<void> {
    while (this.#writer) await this.#writer;
  }

  async copyTo(path: string): Promise<void> {
    await this.flush();
    const copy = new ClassicLevel(path, { ...encodings, errorIfExists: true });
    await copy.open();
    try {
      const operations: Operation[] = [];
      for await (const [key, value] of this.#db.iterator()) operations.push({ type: 'put', key, value });
      await copy.batch(operations, { sync: true });
    } finally {
      await copy.close();
    }
  }

  figures(): StoreFigures {
    return { ...this.#figures };
  }

  close(): Promise<void> {
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  async #shut(): Promise<void> {
    this.#cancelRetry();
    await this.flush();
    await this.#retrying;
    // The disk may take again what it refused a moment ago; nobody tries later.
    if (this.#trouble) await this.#retry(true);
    await this.flush();
    this.#figures.dropped += this.#retained.size;
    this.#retained.clear();
    await this.#db.close();
  }
}

function toOperations(batch: Batch): Operation[] {
  return [
    ...(batch.put ?? []).map(
      ([key, value]): Operation => ({ type: 'put', key, value: JSON.stringify(value) }),
    ),
    ...(batch.del ?? []).map((key): Operation => ({ type: 'del', key })),
  ];
}

/** The range of keys with this prefix: up to, not including, the prefix whose last character is one higher. */
function prefixRange(prefix: string): { gte: string; lt: string } | Record<never, never> {
  if (prefix === '') return {};
  const last = prefix.length - 1;
  return { gte: prefix, lt: prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1) };
}

function storeError(path: string, doing: 'read' | 'write', cause: unknown): OpsbroError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const advice = doing === 'write' ? '; free space or repair the disk, the agent goes on meanwhile' : '';
  return new OpsbroError('OPSBRO_AGENT_STORE', `${path}: cannot ${doing}: ${reason}${advice}`, { cause });
}
