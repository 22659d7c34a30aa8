import type { CheckFact, Clock, NodeCheck } from 'opsbro/sdk';
import { boundedRows } from '../documents/check-row.ts';
import type { Timers } from '../transport.ts';

/** What the details of a node are made of. */
export interface OwnDetailsParts {
  timers: Timers;
  clock: Clock;
  /** Members that take part, this node included. */
  live(): number;
  /** The version moved outside of `use`. */
  onMoved(): void;
}

/** How often changed texts alone move the version: a figure changes with every run. A state that changes does at once. */
const textMs = 60_000;
/** The whole cluster tells about one change of texts in this time. */
const textMsPerNode = 1000;

/** How the checks of this host stand, as others may pull it, and the version by which they learn that it moved. */
export class OwnDetails {
  readonly #parts: OwnDetailsParts;
  #version = 0;
  #told: NodeCheck[] = [];
  #latest: NodeCheck[] = [];
  #toldMs = 0;
  #cancel: (() => void) | undefined;

  constructor(parts: OwnDetailsParts) {
    this.#parts = parts;
  }

  /** Above every version of an earlier start, as long as the clock does not go back. */
  get version(): number {
    return this.#version;
  }

  /** The rows of this version. */
  get checks(): readonly NodeCheck[] {
    return this.#told;
  }

  /** Takes the checks as they are now. */
  use(checks: readonly CheckFact[]): void {
    this.#latest = boundedRows(checks);
    if (this.#version === 0 || statesOf(this.#latest) !== statesOf(this.#told)) this.#move();
    else if (this.#cancel === undefined && !isSame(this.#latest, this.#told)) this.#moveLater();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #move(): void {
    const { clock, timers } = this.#parts;
    this.stop();
    this.#version = Math.max(this.#version + 1, Math.floor(clock.now() / 1000));
    this.#told = this.#latest;
    this.#toldMs = timers.now();
  }

  #moveLater(): void {
    const { timers, live, onMoved } = this.#parts;
    const dueMs = this.#toldMs + Math.max(textMs, live() * textMsPerNode);
    this.#cancel = timers.after(Math.max(0, dueMs - timers.now()), () => {
      this.#cancel = undefined;
      if (isSame(this.#latest, this.#told)) return;
      this.#move();
      onMoved();
    });
  }
}

function statesOf(rows: readonly NodeCheck[]): string {
  return JSON.stringify(rows.map(({ id, state, hard, since }) => [id, state, hard, since]));
}

function isSame(rows: readonly NodeCheck[], others: readonly NodeCheck[]): boolean {
  return JSON.stringify(rows) === JSON.stringify(others);
}
