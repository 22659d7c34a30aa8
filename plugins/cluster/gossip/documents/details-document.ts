import type { NodeCheck } from 'opsbro/sdk';
import { boundedRows, type CheckChanges } from './check-row.ts';

/** Checks that are no more and are still named to who asks with an old version. Who asks with an older one gets the whole. */
const goneLimit = 1024;

/** This node's own document: how its checks stand, and what changed since when. */
export class DetailsDocument {
  /** Of this start: versions of another start say nothing. */
  readonly epoch: string;
  #version = 0;
  #rows = new Map<string, { row: NodeCheck; version: number }>();
  readonly #gone = new Map<string, number>();
  /** Changes are known since this version. */
  #knownSince = 0;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  get version(): number {
    return this.#version;
  }

  /** Replaces the document by one of a higher version. */
  set(version: number, checks: readonly NodeCheck[]): void {
    const rows = new Map<string, { row: NodeCheck; version: number }>();
    for (const row of boundedRows(checks)) {
      const before = this.#rows.get(row.id);
      const isSame = before !== undefined && JSON.stringify(before.row) === JSON.stringify(row);
      rows.set(row.id, isSame ? before : { row, version });
      this.#gone.delete(row.id);
    }
    for (const id of this.#rows.keys()) if (!rows.has(id)) this.#gone.set(id, version);
    for (const [id, since] of this.#gone) {
      if (this.#gone.size <= goneLimit) break;
      this.#gone.delete(id);
      this.#knownSince = Math.max(this.#knownSince, since);
    }
    this.#rows = rows;
    this.#version = version;
  }

  /** What changed for one who has `version` of `epoch`; `isFull`: all of it, in place of what the other has. */
  since(epoch: string, version: number): CheckChanges & { isFull: boolean } {
    const isFull = epoch !== this.epoch || version < this.#knownSince || version > this.#version;
    const from = isFull ? -1 : version;
    const rows = [...this.#rows.values()].filter((kept) => kept.version > from);
    const gone = isFull ? [] : [...this.#gone].flatMap(([id, since]) => (since > version ? [id] : []));
    return { isFull, changed: rows.map(({ row }) => row), gone };
  }
}
