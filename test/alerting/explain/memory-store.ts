import type { Json } from 'opsbro/sdk';
import type { RingStore } from '../../../alerting/explain/ring.ts';

/** A store in memory that keeps what it was told as the text it would write. */
export class MemoryStore implements RingStore {
  readonly rows = new Map<string, string>();
  /** Operations of each batch. */
  readonly batches: number[] = [];
  /** Prefixes that were read. */
  readonly reads: string[] = [];

  async get(key: string): Promise<Json | undefined> {
    const text = this.rows.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  }

  async entries(prefix: string): Promise<[string, Json][]> {
    this.reads.push(prefix);
    return [...this.rows]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, text]) => [key, JSON.parse(text) as Json]);
  }

  async putLazy({ put = [], del = [] }: { put?: [string, Json][]; del?: string[] }): Promise<void> {
    this.batches.push(put.length + del.length);
    await new Promise((resolve) => setImmediate(resolve));
    for (const key of del) this.rows.delete(key);
    for (const [key, value] of put) this.rows.set(key, JSON.stringify(value));
  }

  /** How many records it holds. */
  count(): number {
    return [...this.rows.keys()].filter((key) => key.startsWith('record/')).length;
  }
}
