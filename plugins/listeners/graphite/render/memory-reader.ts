import type { FetchedPoints, FoundName, SeriesReader } from '../series-reader.ts';
import { patternSteps, stepMatcher } from './name-pattern.ts';

/** A series of one resolution in memory. */
export interface MemorySeries {
  /** Time of the first value, a multiple of `step`. */
  start: number;
  step: number;
  values: ArrayLike<number | null>;
}

/** A store in memory, with one archive a series, for tests and for what is computed. Names with `;` are tagged. */
export class MemoryReader implements SeriesReader {
  readonly #series: ReadonlyMap<string, MemorySeries>;
  readonly #tagged: readonly string[];

  constructor(series: { [name: string]: MemorySeries } | ReadonlyMap<string, MemorySeries>) {
    this.#series = series instanceof Map ? series : new Map(Object.entries(series));
    this.#tagged = [...this.#series.keys()].filter((name) => name.includes(';'));
  }

  find(pattern: string): FoundName[] {
    const matchers = patternSteps(pattern).map(stepMatcher);
    const found = new Map<string, FoundName>();
    for (const name of this.#series.keys()) {
      if (name.includes(';')) continue;
      const steps = name.split('.');
      if (steps.length < matchers.length || !matchers.every((matches, index) => matches(steps[index]!)))
        continue;
      const isLeaf = steps.length === matchers.length;
      const path = steps.slice(0, matchers.length).join('.');
      found.set(`${path} ${isLeaf}`, { path, isLeaf });
    }
    return [...found.values()];
  }

  fetch(name: string, from: number, until: number): FetchedPoints | undefined {
    const series = this.#series.get(name);
    if (series === undefined || until < from) return undefined;
    const { start: first, step, values } = series;
    const start = from - (from % step) + step;
    const last = until - (until % step) + step;
    const end = last === start ? start + step : last;
    const points = new Float64Array((end - start) / step).fill(Number.NaN);
    for (let index = 0; index < points.length; index += 1) {
      const value = values[(start - first) / step + index];
      if (typeof value === 'number') points[index] = value;
    }
    return { start, end, step, values: points };
  }

  taggedNames(): readonly string[] {
    return this.#tagged;
  }
}
