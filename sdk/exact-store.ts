import type { Json } from './values.ts';

/** A range of keys, which are ordered by their UTF-8 bytes. */
export interface StoreRange {
  gt?: string;
  gte?: string;
  lt?: string;
  lte?: string;
  /** From the last to the first. */
  reverse?: boolean;
  limit?: number;
}

/**
 * Keys and values of a service's own in a directory of its own: what `put` resolved for is there after a power cut. Everything rejects with
 * `OPSBRO_AGENT_STORE` where the disk refuses.
 */
export interface ExactStore {
  /**
   * Resolves once all of it is on the disk, or none; what waits together shares one `fsync`. What was refused with `OPSBRO_AGENT_STORE` is
   * kept in memory and written later where that is possible, so take its outcome as unknown. Rejects with `OPSBRO_AGENT_BUSY` when too
   * much waits.
   */
  put(batch: { put?: [key: string, value: Json][]; del?: string[] }): Promise<void>;
  /** Writes without waiting for the disk: a power cut may lose it, a kill of the process cannot once this resolved. Never rejects. */
  putLazy(batch: { put?: [key: string, value: Json][]; del?: string[] }): Promise<void>;
  get(key: string): Promise<Json | undefined>;
  /** The values of some keys, in their order. */
  getMany(keys: string[]): Promise<(Json | undefined)[]>;
  /** Pairs of a range, ordered by key, or backwards. */
  range(range: StoreRange): Promise<[key: string, value: Json][]>;
  /** About how many bytes a range takes on the disk. */
  sizeOf(from: string, to: string): Promise<number>;
  /** Gives back the room of what was removed from a range. */
  compact(from: string, to: string): Promise<void>;
  /** Resolves once everything that was put so far was tried. */
  flush(): Promise<void>;
  /** Writes what waits, and lets go of the directory. Also twice. */
  close(): Promise<void>;
}
