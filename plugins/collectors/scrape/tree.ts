import type { JsonObject } from 'opsbro/sdk';
import { readSample } from './samples.ts';

/** Which samples are taken. */
export interface Choice {
  include: string[];
  exclude: string[];
  max_samples: number;
}

/** What an exporter's text came to. */
export interface Scraped {
  metrics: JsonObject;
  samples: number;
  left_out: number;
  bad_lines: number;
}

/** Under what a sample without labels stands beside others of its name that have some. */
const noLabels = 'none';

/** The samples of a text by name, and by labels below it where they have some. Of two with the same labels the last counts. */
export function samplesTree(text: string, { include, exclude, max_samples }: Choice): Scraped {
  const [isIn, isOut] = [anyOf(include), anyOf(exclude)];
  const metrics: JsonObject = Object.create(null);
  const scraped = { metrics, samples: 0, left_out: 0, bad_lines: 0 };
  for (let from = 0; from < text.length; ) {
    const found = text.indexOf('\n', from);
    const end = found === -1 ? text.length : found;
    const sample = readSample(text.slice(from, end));
    from = end + 1;
    if (sample === undefined) continue;
    if (sample === null) scraped.bad_lines += 1;
    else if (!isIn(sample.name) || isOut(sample.name)) continue;
    else if (scraped.samples >= max_samples) scraped.left_out += 1;
    else {
      scraped.samples += 1;
      put(metrics, sample.name, sample.labels, sample.value);
    }
  }
  return scraped;
}

function put(metrics: JsonObject, name: string, labels: string, value: number): void {
  const before = metrics[name];
  if (labels === '' && typeof before !== 'object') {
    metrics[name] = value;
    return;
  }
  const branch: JsonObject = typeof before === 'object' ? (before as JsonObject) : Object.create(null);
  if (typeof before === 'number') branch[noLabels] = before;
  branch[labels === '' ? noLabels : labels] = value;
  metrics[name] = branch;
}

/** Whether a name fits one of the patterns. */
function anyOf(patterns: string[]): (name: string) => boolean {
  return (name) => patterns.some((pattern) => fits(pattern, name));
}

/** `*` stands for any text, `?` for one character; without going back further than the last `*`, so in bounded time. */
export function fits(pattern: string, name: string): boolean {
  let [at, place, star, mark] = [0, 0, -1, 0];
  while (at < name.length) {
    if (
      place < pattern.length &&
      (pattern[place] === '?' || (pattern[place] === name[at] && pattern[place] !== '*'))
    ) {
      at += 1;
      place += 1;
    } else if (pattern[place] === '*') {
      star = place;
      mark = at;
      place += 1;
    } else if (star === -1) return false;
    else {
      mark += 1;
      at = mark;
      place = star + 1;
    }
  }
  while (pattern[place] === '*') place += 1;
  return place === pattern.length;
}
