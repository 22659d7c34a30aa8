import type { SeriesReader } from '../../series-reader.ts';
import { TargetError } from '../grammar/target.ts';

/** What one request computes with. Times are seconds since 1970. */
export interface RenderContext {
  reader: SeriesReader;
  from: number;
  until: number;
  now: number;
  /** Name of the time zone in which days begin. */
  zone: string;
  /** The share of values that must be there where nothing else is said; `setXFilesFactor` changes it. */
  xFilesFactor: number;
  /** Values for `template()` that the request gives beside the target. */
  templateValues: ReadonlyMap<string, string>;
  /** What `randomWalk` takes its steps from: at least 0, less than 1. */
  random(): number;
  budget: Budget;
  /** What is stacked so far, by the name of the stack: for series of one graph, across its targets. */
  stacks: Map<string, number[]>;
}

/** How much a request may still compute, so that no target holds up the thread or takes its memory. */
export class Budget {
  #points: number;
  readonly #isLate: () => boolean;

  /** `isLate` tells whether the time for the request is over. */
  constructor(points: number, isLate: () => boolean) {
    this.#points = points;
    this.#isLate = isLate;
  }

  /** Takes `points` of what is left. Throws a TargetError when that is too little, or time is over. */
  take(points: number): void {
    this.#points -= points;
    if (!(this.#points >= 0))
      throw new TargetError('this takes too many points; ask for less time or fewer series');
    if (this.#isLate()) throw new TargetError('this takes too long; ask for less time or fewer series');
  }
}
