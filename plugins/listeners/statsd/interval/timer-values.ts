import type { Interval } from './columns.ts';

/** Values handled between two looks at the clock. */
const stride = 50_000;

/** Values of each timer of an interval, in ascending order; `yield`s now and then, so that who drives it may let the loop turn. */
export function* sortTimers({ timers, kinds }: Interval): Generator<undefined, SortedTimers> {
  const { owners, values, length } = timers;
  const starts = new Uint32Array(kinds.length + 1);
  for (let at = 0; at < length; at += 1) {
    starts[owners[at]! + 1]! += 1;
    if (at % stride === stride - 1) yield;
  }
  for (let place = 0; place < kinds.length; place += 1) starts[place + 1]! += starts[place]!;
  const sorted = new Float64Array(length);
  const next = starts.slice();
  for (let at = 0; at < length; at += 1) {
    const owner = owners[at]!;
    sorted[next[owner]!] = values[at]!;
    next[owner]! += 1;
    if (at % stride === stride - 1) yield;
  }
  return new SortedTimers(starts, sorted);
}

/** Values by timer. */
export class SortedTimers {
  readonly #starts: Uint32Array;
  readonly #values: Float64Array;

  constructor(starts: Uint32Array, values: Float64Array) {
    this.#starts = starts;
    this.#values = values;
  }

  /** The values of a timer by its place, ascending. To be asked once. */
  of(place: number): Float64Array {
    return this.#values.subarray(this.#starts[place]!, this.#starts[place + 1]!).sort();
  }
}
