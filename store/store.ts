import type { Json, StoreRange } from 'opsbro/sdk';
import type { TimerClock } from '../core/clock.ts';
import type { OpsbroError } from '../core/errors.ts';

export type { StoreRange };

/** Keys to write and keys to remove, applied together or not at all. */
export interface Batch {
  put?: [key: string, value: Json][];
  del?: string[];
}

/** An exact store: what `put` resolved for is there after a power cut. Keys are ordered by their UTF-8 bytes. */
export interface Store {
  /** The value of `key`, or undefined. Sees every batch that resolved. */
  get(key: string): Promise<Json | undefined>;
  /**
   * Resolves once the batch is on the disk; batches that wait together share one `fsync`. Rejects with `OPSBRO_AGENT_STORE`
   * while the store cannot be written and with `OPSBRO_AGENT_BUSY` when the queue is full. A batch refused with
   * `OPSBRO_AGENT_STORE` is kept in memory and written when that is possible again, so take its outcome as unknown.
   */
  put(batch: Batch): Promise<void>;
  /**
   * Resolves once the batch is on the disk; rejects where that is not so within `deadlineMs`, and then nothing of the batch is kept: not in
   * memory, and what a later answer of the disk brought is put back. For what somebody is told of. `OPSBRO_AGENT_STORE` and `OPSBRO_AGENT_BUSY`
   * as with `put`.
   */
  putOrNothing(batch: Batch, deadlineMs: number): Promise<void>;
  /**
   * Writes a batch without waiting for the disk: a power cut may lose it, a kill of the process cannot once this resolved.
   * Never rejects: while the store cannot be written the batch is kept in memory, and dropped and counted when that is full.
   */
  putLazy(batch: Batch): Promise<void>;
  /** Resolves once everything queued so far was tried. */
  flush(): Promise<void>;
  /** Every pair whose key starts with `prefix`, ordered by key. */
  entries(prefix: string): Promise<[key: string, value: Json][]>;
  /** The first `most` keys that start with `prefix`, ordered by their bytes. */
  keys(prefix: string, most: number): Promise<string[]>;
  /** Every key that starts with `prefix`, ordered, and how long its value is as JSON; the values are never in memory together. */
  sizes(prefix: string): Promise<[key: string, bytes: number][]>;
  /** Pairs of a range of keys, ordered by key, or backwards. */
  range(range: StoreRange): Promise<[key: string, value: Json][]>;
  /** The values of some keys, in their order; undefined where there is none. */
  getMany(keys: string[]): Promise<(Json | undefined)[]>;
  /** About how many bytes a range takes on the disk; what was written last may be missing. */
  sizeOf(from: string, to: string): Promise<number>;
  /** Gives back the room of what was removed from a range. */
  compact(from: string, to: string): Promise<void>;
  /** Writes a consistent copy of the whole store into a new directory. */
  copyTo(path: string): Promise<void>;
  /** What the store has been through, for the agent's own figures. */
  figures(): StoreFigures;
  /** Writes what is queued, then frees the lock. Also twice. */
  close(): Promise<void>;
}

/** Counters since the store was opened. `dropped` counts operations lost to a full buffer while the disk could not be written. */
export interface StoreFigures {
  writable: boolean;
  batches: number;
  syncs: number;
  dropped: number;
  unreadable: number;
}

/** How a store is opened; every field has a default. */
export interface StoreOptions {
  clock?: TimerClock;
  /** Called once with an `OPSBRO_AGENT_STORE` error when the store stops being writable, once with null when it is again. */
  onTrouble?: (error: OpsbroError | null) => void;
  /** Operations that may wait; more are refused with `OPSBRO_AGENT_BUSY`. Default 20,000. */
  maxQueued?: number;
  /** Keys kept in memory while the disk cannot be written; further ones are dropped and counted. Default 20,000. */
  maxRetained?: number;
  /** Pause between attempts to open the store again. Default 5 s. */
  retryMs?: number;
  /** What LevelDB may keep in memory of each kind, for what is read or written, bytes. Default 1 MiB. */
  memoryBytes?: number;
}
