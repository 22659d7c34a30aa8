import type { Json } from 'opsbro/sdk';
import { entryKey, entryValue, type OutboxEntry } from './entry.ts';

/** Entries given up that are kept for `handlers outbox retry`. */
const mostKept = 1000;

/** What was given up, oldest first, until somebody tries it again or drops it; of more than 1,000 the oldest are let go. */
export class DeadLetters {
  readonly #entries = new Map<number, OutboxEntry>();

  get size(): number {
    return this.#entries.size;
  }

  /** Those of `serials`, or all of them. */
  all(serials: readonly number[] | null = null): OutboxEntry[] {
    const all = [...this.#entries.values()];
    return serials === null ? all : all.filter(({ serial }) => serials.includes(serial));
  }

  /** Takes an entry over that an earlier agent gave up. */
  restore(entry: OutboxEntry): void {
    this.#entries.set(entry.serial, entry);
  }

  /** Takes entries in that were in the outbox. Gives what to write for that in one batch. */
  bury(entries: readonly OutboxEntry[]): { put: [key: string, value: Json][]; del: string[] } {
    const del = entries.map((entry) => entryKey('outbox', entry));
    for (const entry of entries.filter(isKept)) this.#entries.set(entry.serial, entry);
    for (const serial of this.#entries.keys()) {
      if (this.#entries.size <= mostKept) break;
      this.#entries.delete(serial);
      del.push(entryKey('dead', { serial }));
    }
    const kept = entries.filter((entry) => this.#entries.get(entry.serial) === entry);
    return { put: kept.map((entry) => [entryKey('dead', entry), entryValue(entry)]), del };
  }

  /** Lets go of entries. */
  remove(entries: readonly OutboxEntry[]): void {
    for (const { serial } of entries) this.#entries.delete(serial);
  }
}

/** What proves nothing later than now is not kept for later. */
export function isKept({ event }: OutboxEntry): boolean {
  return event.type !== 'canary';
}
