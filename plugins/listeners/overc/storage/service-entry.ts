import type { Current, Run, ServiceFacts, State } from '../model.ts';
import type { KeptServer } from './records.ts';

/** What a service is known by. */
export interface ServiceName {
  id: number;
  server: KeptServer;
  name: string;
  title: string;
  period: number | null;
}

/** What is so of one row. */
export interface Row {
  id: number;
  /** Epoch ms. */
  at: number;
  state: State;
  info: string;
}

/** Mostly services have the names of others. */
const mostNames = 1000;
const names = new Map<string, string>();

/** One text for all that are the same, of the first names there are. */
function shared(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size < mostNames) names.set(name, name);
  return name;
}

/**
 * A service in memory. There may be a hundred thousand, and each report changes some: what is so of it and since when is in fields of its own, which are
 * written over.
 */
export class ServiceEntry implements ServiceFacts {
  readonly id: number;
  readonly server: KeptServer;
  readonly name: string;
  title: string;
  period: number | null;
  timedOut = false;
  reportedMs = 0;
  /** An alert is tied to its newest row: the next one begins a run. */
  isRunClosed = false;
  /** What its newest row said is kept for an alert. */
  isInfoKept = false;
  /** Its newest row; 0 for none. */
  row = 0;
  #state: State = 'OK';
  #info = '';
  /** Fields hold numbers with a fraction from the start: such are written over where they are. */
  #at = 0.5;
  #runFirst = 0;
  #runCount = 0;
  #runFirstAt = 0.5;
  #runBefore = 0;

  constructor({ id, server, name, title, period }: ServiceName) {
    this.id = id;
    this.server = server;
    this.name = shared(name);
    // Mostly one and the same text.
    this.title = title === name ? this.name : title;
    this.period = period;
  }

  get current(): Current | null {
    return this.row === 0 ? null : { row: this.row, state: this.#state, info: this.#info, at: this.#at };
  }

  /** The state of the newest row; undefined where there is none. */
  get state(): State | undefined {
    return this.row === 0 ? undefined : this.#state;
  }

  /** What of the newest row's info is in memory. */
  get info(): string {
    return this.#info;
  }

  /** The run that goes on. */
  get run(): Run | null {
    if (this.#runCount === 0) return null;
    return {
      first: this.#runFirst,
      last: this.row,
      count: this.#runCount,
      firstAt: this.#runFirstAt,
      lastAt: this.#at,
      state: this.#state,
      prev: this.#runBefore,
    };
  }

  /** As it was written down. */
  restore(current: Current | null, run: Run | null): void {
    if (current === null) return;
    const { row, state, info, at } = current;
    const { first, count, firstAt, prev } = run ?? { first: row, count: 1, firstAt: at, prev: 0 };
    [this.row, this.#state, this.#info, this.#at] = [row, state, info, at];
    [this.#runFirst, this.#runCount, this.#runFirstAt, this.#runBefore] = [first, count, firstAt, prev];
  }

  /** Puts a row at its end. Gives the run that is over with it; null where it goes on, or is the first. */
  apply({ id, at, state, info }: Row): Run | null {
    const goesOn = this.#runCount > 0 && this.#state === state && !this.isRunClosed;
    const over = goesOn ? null : this.run;
    if (goesOn) this.#runCount += 1;
    else {
      this.#runBefore = over?.first ?? 0;
      this.#runFirst = id;
      this.#runFirstAt = at;
      this.#runCount = 1;
    }
    this.isRunClosed = false;
    this.isInfoKept = false;
    this.row = id;
    this.#state = state;
    // The same text of before has been in memory for long.
    if (this.#info !== info) this.#info = info;
    this.#at = at;
    return over;
  }
}
