import { closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { patternSteps, stepMatcher } from '../../plugins/listeners/graphite/render/name-pattern.ts';
import type {
  FetchedPoints,
  FoundName,
  SeriesReader,
} from '../../plugins/listeners/graphite/series-reader.ts';
import { pathOf } from '../../plugins/listeners/graphite/store/series-path.ts';
import { fetchPoints } from '../../plugins/listeners/graphite/whisper/fetch.ts';
import { createFile, layoutOf } from '../../plugins/listeners/graphite/whisper/file.ts';
import { type AggregationMethod, makeLayout } from '../../plugins/listeners/graphite/whisper/layout.ts';
import { parseRetentions } from '../../plugins/listeners/graphite/whisper/retention.ts';
import { updateMany } from '../../plugins/listeners/graphite/whisper/update.ts';

/** A series to be written: points from `span` seconds before now, one each step; null leaves one out. */
export interface WrittenSeries {
  retentions: string;
  aggregation: AggregationMethod;
  step: number;
  span: number;
  valueAt(index: number, time: number): number | null;
}

/** A folder of Whisper files, without index, cache or log: what tests and benches give to both sides. */
export class WhisperFolder implements SeriesReader {
  readonly #folder: string;
  readonly #tagged: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  write(name: string, series: WrittenSeries, now: number): void {
    const path = this.#pathOf(name);
    if (name.includes(';')) this.#tagged.push(name);
    mkdirSync(dirname(path), { recursive: true });
    const layout = makeLayout(parseRetentions(series.retentions), series.aggregation, 0);
    createFile(path, layout);
    const [times, values]: [number[], number[]] = [[], []];
    for (let time = now - series.span, index = 0; time < now; time += series.step, index += 1) {
      const value = series.valueAt(index, time);
      if (value === null) continue;
      times.push(time);
      values.push(value);
    }
    const fd = openSync(path, 'r+');
    updateMany(fd, layout, times, values, times.length, now);
    closeSync(fd);
  }

  find(pattern: string): FoundName[] {
    const matchers = patternSteps(pattern).map(stepMatcher);
    const found: FoundName[] = [];
    const walk = (folder: string, path: string, depth: number): void => {
      const isLast = depth === matchers.length - 1;
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const step = entry.isDirectory() ? entry.name : entry.name.replace(/\.wsp$/, '');
        if (!matchers[depth]!(step)) continue;
        if (isLast) found.push({ path: path + step, isLeaf: !entry.isDirectory() });
        else if (entry.isDirectory()) walk(join(folder, step), `${path}${step}.`, depth + 1);
      }
    };
    walk(this.#folder, '', 0);
    return found;
  }

  fetch(name: string, from: number, until: number, now: number): FetchedPoints | undefined {
    let fd: number;
    try {
      fd = openSync(this.#pathOf(name), 'r');
    } catch {
      return undefined;
    }
    try {
      const layout = layoutOf(fd);
      return layout === undefined ? undefined : fetchPoints(fd, layout, from, until, now);
    } finally {
      closeSync(fd);
    }
  }

  taggedNames(): readonly string[] {
    return this.#tagged;
  }

  #pathOf(name: string): string {
    return join(this.#folder, pathOf(name));
  }
}
