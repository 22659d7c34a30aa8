import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanStep, possibleSteps, stepsOf } from './naming.ts';
import type { FetchedPoints } from './series-reader.ts';
import { nameAt, pathOf } from './store/series-path.ts';
import { type KeptValues, keptValues, linesOf } from './values/value-file.ts';
import { fetchPoints } from './whisper/fetch.ts';
import { layoutOf } from './whisper/file.ts';
import { retentionsText } from './whisper/retention.ts';

export type { KeptValues, ValueChange } from './values/value-file.ts';
export { cleanStep, possibleSteps, stepsOf };

/** Points of a series from one archive of its file. */
export interface StoredPoints extends FetchedPoints {
  /** The archive as retentions are written: `1m:7d`. */
  archive: string;
  /** How points became one in it: `average`, `max` …; '' in the finest one. */
  aggregation: string;
}

/** Series below a place that are listed at most. */
const maxSeries = 20_000;

/**
 * What a store wrote, read by whoever does not own it, such as a command beside the agent that runs: nothing is locked or changed. What the
 * owner has in memory, the last ten seconds, is not there. Each call blocks.
 */
export class StoredHistory {
  readonly #files: string;
  readonly #values: string;

  /** `folder` is the store's; `files` where its Whisper files lie elsewhere. */
  constructor(folder: string, files = '') {
    this.#files = files === '' ? join(folder, 'whisper') : files;
    this.#values = join(folder, 'values');
  }

  /** Where the Whisper files lie. */
  get files(): string {
    return this.#files;
  }

  /** A store was here. */
  get exists(): boolean {
    return existsSync(this.#files);
  }

  /**
   * The points of a series after `from` up to `until`, all in seconds, oldest first: each time from the finest archive that reaches back to it
   * from `now`. Undefined where there is no such series, or its file is none. Throws when it cannot be read.
   */
  points(name: string, from: number, until: number, now: number): StoredPoints[] | undefined {
    const fd = openFile(join(this.#files, pathOf(name)));
    if (fd === undefined) return undefined;
    try {
      const layout = layoutOf(fd);
      if (layout === undefined) return undefined;
      const pieces: StoredPoints[] = [];
      let end = until;
      for (const archive of layout.archives) {
        const begin = Math.max(from, now - archive.reach);
        if (begin >= end) continue;
        const points = fetchPoints(fd, layout, begin, end, now);
        const aggregation = archive === layout.archives[0] ? '' : layout.aggregation;
        if (points !== undefined)
          pieces.unshift({ ...before(points, pieces[0]), archive: retentionsText([archive]), aggregation });
        end = begin;
      }
      return pieces;
    } finally {
      closeSync(fd);
    }
  }

  /** Names of the series below a place, such as `web1.disk`, in order; at most `limit`. Tagged ones are not among them. */
  below(place: string, limit = maxSeries): string[] {
    const found: string[] = [];
    const walk = (folder: string): void => {
      for (const entry of entriesOf(join(this.#files, folder))) {
        if (found.length >= limit) return;
        const path = `${folder}/${entry.name}`;
        if (entry.isDirectory()) walk(path);
        const name = entry.isFile() ? nameAt(path) : undefined;
        if (name !== undefined) found.push(name);
      }
    };
    walk(place.replaceAll('.', '/'));
    return found;
  }

  /** What right below a place has series of its own or is one. */
  stepsBelow(place: string): string[] {
    const entries = entriesOf(join(this.#files, place.replaceAll('.', '/')));
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  /** What is kept of a collector beside numbers, by its step of a metric's name. */
  values(collector: string): KeptValues {
    try {
      return keptValues(linesOf(readFileSync(join(this.#values, `${collector}.jsonl`), 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return keptValues([]);
      throw error;
    }
  }
}

/** The points that are older than all of a finer archive. */
function before(points: FetchedPoints, finer: FetchedPoints | undefined): FetchedPoints {
  const { start, step, values } = points;
  const count = finer === undefined ? values.length : Math.max(0, Math.ceil((finer.start - start) / step));
  return {
    start,
    step,
    end: start + Math.min(count, values.length) * step,
    values: values.subarray(0, count),
  };
}

function openFile(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((one, other) =>
      one.name < other.name ? -1 : 1,
    );
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
