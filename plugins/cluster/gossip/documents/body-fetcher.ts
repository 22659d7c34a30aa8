import type { Message } from '../messages.ts';
import type { Timers } from '../transport.ts';
import type { BodyStore } from './body-store.ts';

/** Streams at once. */
const streamLimit = 16;
/** Bodies that are asked for in one stream, and given: with 64 KiB each half of what a stream may carry. */
export const bodiesAtOnce = 64;
/** Bodies that are waited for; what comes beyond is wanted again by the next word of its owner. */
const waitingLimit = 4096;
const firstRetryMs = 500;
const lastRetryMs = 60_000;

/** What a fetcher is made of. */
export interface FetcherParts {
  store: BodyStore;
  timers: Timers;
  /** One question over a stream. `done` is called once. */
  ask(endpoint: string, questions: Message[], done: (answers: readonly Message[]) => void): void;
  /** Where the body of a node's record is to be had; undefined where the node is gone. `fromOwner`: from the node itself. */
  source(uuid: string, fromOwner: boolean): string | undefined;
  /** The body of the node's record is there now. */
  onBody(uuid: string): void;
}

interface Wanted {
  hash: string;
  uuid: string;
  tries: number;
  isBusy: boolean;
}

/** Fetches the bodies that claims leave out: one from its owner; many, as after a join, in lots from some other member first. */
export class BodyFetcher {
  readonly #parts: FetcherParts;
  readonly #wanted = new Map<string, Wanted>();
  readonly #cancels = new Set<() => void>();
  #streams = 0;
  #isOff = false;
  #isPlanned = false;

  constructor(parts: FetcherParts) {
    this.#parts = parts;
  }

  /** Bodies that are waited for. */
  get waiting(): number {
    return this.#wanted.size;
  }

  /** A node's record stands for this body. */
  want(uuid: string, hash: string): void {
    if (this.#parts.store.has(hash) || this.#wanted.get(uuid)?.hash === hash) return;
    if (this.#wanted.size >= waitingLimit && !this.#wanted.has(uuid)) return;
    this.#wanted.set(uuid, { hash, uuid, tries: 0, isBusy: false });
    this.#plan();
  }

  /** The node is gone, or its record is whole again. */
  unwant(uuid: string): void {
    this.#wanted.delete(uuid);
  }

  stop(): void {
    this.#isOff = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#wanted.clear();
  }

  /** In the next turn: a table brings many at once, which then go into one question. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#after(0, () => {
      this.#isPlanned = false;
      this.#fetch();
    });
  }

  #fetch(): void {
    while (this.#streams < streamLimit) {
      const free = [...this.#wanted.values()].filter(({ isBusy }) => !isBusy);
      const fresh = free.filter(({ tries }) => tries === 0).slice(0, bodiesAtOnce);
      const lot = fresh.length > 1 ? fresh : free.slice(0, 1);
      const [first] = lot;
      if (first === undefined) return;
      const endpoint = this.#parts.source(first.uuid, lot.length === 1 && first.tries % 2 === 0);
      if (endpoint === undefined) this.#wanted.delete(first.uuid);
      else this.#ask(endpoint, lot);
    }
  }

  #ask(endpoint: string, lot: readonly Wanted[]): void {
    this.#streams += 1;
    for (const wanted of lot) {
      wanted.isBusy = true;
      wanted.tries += 1;
    }
    const questions = lot.map(({ hash }): Message => ({ kind: 'ask-body', hash }));
    this.#parts.ask(endpoint, questions, (answers) => {
      this.#streams -= 1;
      if (this.#isOff) return;
      for (const answer of answers) if (answer.kind === 'body') this.#parts.store.add(answer);
      for (const wanted of lot) this.#settle(wanted);
      this.#plan();
    });
  }

  #settle(wanted: Wanted): void {
    // Another body may be wanted of the node by now.
    if (this.#wanted.get(wanted.uuid) !== wanted) return;
    if (this.#parts.store.has(wanted.hash)) {
      this.#wanted.delete(wanted.uuid);
      this.#parts.onBody(wanted.uuid);
      return;
    }
    // A lot that an other member could not answer in full goes on with the owners at once.
    const delayMs = wanted.tries === 1 ? 0 : Math.min(lastRetryMs, firstRetryMs * 2 ** (wanted.tries - 2));
    this.#after(delayMs, () => {
      wanted.isBusy = false;
      this.#fetch();
    });
  }

  #after(delayMs: number, run: () => void): void {
    const cancel = this.#parts.timers.after(delayMs, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
  }
}
