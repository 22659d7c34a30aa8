import type { NodeDetails, NodeDetailsSnapshot } from 'opsbro/sdk';
import type { Timers } from '../transport.ts';
import { Debounce } from './debounce.ts';

/** What a book is made of. */
export interface DetailsBookParts {
  timers: Timers;
  publish(snapshot: NodeDetailsSnapshot): void;
}

/** Between two snapshots, and more for each node in them: a snapshot is copied whole, for everyone who wants it. */
const publishMs = 1000;
const publishMsPerNode = 10;

/** The details of nodes that were fetched, and this node's own, while anybody wants them. */
export class DetailsBook {
  readonly #nodes = new Map<string, NodeDetails>();
  readonly #parts: DetailsBookParts;
  readonly #view: Debounce;
  #isWanted = false;

  constructor(parts: DetailsBookParts) {
    this.#parts = parts;
    this.#view = new Debounce(
      parts.timers,
      () => publishMs + publishMsPerNode * this.#nodes.size,
      () => parts.publish(Object.fromEntries(this.#nodes)),
    );
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Somebody wants details, or nobody any more: then all are forgotten. */
  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    if (isWanted) return;
    this.#view.stop();
    this.#nodes.clear();
    this.#parts.publish({});
  }

  take(details: NodeDetails): void {
    if (!this.#isWanted) return;
    this.#nodes.set(details.uuid, details);
    this.#view.call();
  }

  /** The node is no member any more. */
  forget(uuid: string): void {
    if (this.#nodes.delete(uuid)) this.#view.call();
  }

  stop(): void {
    this.#view.stop();
  }
}
