import type { Json, Log } from 'opsbro/sdk';
import type { GossipNode } from '../gossip-node.ts';
import type { Timers } from '../transport.ts';
import { Debounce } from './debounce.ts';
import type { SavedTable } from './saved-table.ts';

/** What a keeper works with. */
export interface KeeperParts {
  uuid: string;
  saved: SavedTable;
  timers: Timers;
  log: Log;
  /** The node as it is now. */
  node(): GossipNode;
  /** Whether it is a member: who has left keeps no members. */
  isMember(): boolean;
  history(): Json;
}

/** A small table is saved soon: who is killed then still knows it. A large one costs more, and is known by many. */
const saveMs = { least: 500, perMember: 20, most: 10_000 };

/** Saves what a restart needs: the members, the incarnation and the history, some time after they changed. */
export class Keeper {
  readonly #parts: KeeperParts;
  readonly #save: Debounce;
  #incarnation = 0;
  #isStopped = false;
  #isFailing = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    const pauseMs = (): number =>
      Math.min(saveMs.most, saveMs.least + saveMs.perMember * parts.node().members().length);
    // Not at the first of the rows that are restored: that alone would take the place of all.
    this.#save = new Debounce(parts.timers, pauseMs, () => void this.#saveAll(), 'later');
  }

  /** Something has changed. */
  soon(): void {
    this.#save.call();
  }

  /** Saves the incarnation, and resolves once that is on the disk. Never rejects. */
  async incarnation(): Promise<void> {
    const { node, uuid, saved } = this.#parts;
    const incarnation = node().member(uuid)?.incarnation ?? 0;
    if (incarnation <= this.#incarnation) return;
    this.#incarnation = incarnation;
    await saved.put('incarnation', incarnation).catch(() => {
      this.#incarnation = 0;
    });
  }

  /** Saves what is not saved yet, for the last time. Never rejects. */
  async stop(): Promise<void> {
    const { isWanted } = this.#save;
    this.#isStopped = true;
    this.#save.stop();
    await (isWanted ? this.#saveAll() : this.incarnation());
  }

  async #saveAll(): Promise<void> {
    const { saved, node, uuid, isMember, history } = this.#parts;
    const writes: Promise<void>[] = [this.incarnation()];
    if (isMember()) {
      const rows = node()
        .rows()
        .filter(({ alive }) => alive.record.uuid !== uuid);
      writes.push(saved.saveRows(rows), saved.put('history', history()));
    }
    await Promise.all(writes).then(
      () => this.#tell(null),
      (error: Error) => this.#tell(error),
    );
  }

  /** Says once that members cannot be saved, and once that they can again: a disk may be full for long. */
  #tell(error: Error | null): void {
    const isNews = (error !== null) !== this.#isFailing;
    this.#isFailing = error !== null;
    if (!isNews || this.#isStopped) return;
    this.#parts.log.warn(
      error === null ? 'members are saved again' : `members are not saved: ${error.message}`,
    );
  }
}
