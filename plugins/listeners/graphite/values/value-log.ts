import { appendFile, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import { measuredOf, otherValuesOf } from '../naming.ts';
import { type KeptLine, lineOf, linesOf } from './value-file.ts';

/** What a log is made of. */
export interface ValueLogParts {
  folder: string;
  /** What all files may take; then the older half of the largest goes. */
  maxBytes: number;
  /** Values that are remembered at most, so that changes are seen. */
  maxValues: number;
}

/** The longest value that is kept, as JSON: expressions read no longer texts, and few longer lists. */
const maxValueLength = 16_384;
const ending = '.jsonl';

/**
 * Keeps what collectors give beside numbers: a line each time that a value becomes another one, in a file for each collector. So is the key
 * behind a metric whose name does not show it. Its caller waits for each call before the next.
 */
export class ValueLog {
  readonly #parts: ValueLogParts;
  /** What each collector's file says last, by what the line is about. */
  readonly #known = new Map<string, Map<string, string>>();
  readonly #sizes = new Map<string, number>();
  #values = 0;
  /** Values that were too long, or too many. */
  leftOut = 0;

  constructor(parts: ValueLogParts) {
    this.#parts = parts;
  }

  /** Makes the folder, and sees what is there. */
  async open(): Promise<void> {
    const { folder } = this.#parts;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      if (!name.endsWith(ending)) continue;
      const { size } = await stat(join(folder, name));
      this.#sizes.set(name.slice(0, -ending.length), size);
    }
  }

  /**
   * Takes a collector's tree, measured at `at` (seconds): what changed in it is written down. `collector` is its step of a metric's name. Resolves
   * with whether there was something to write.
   */
  async take(collector: string, at: number, tree: JsonObject): Promise<boolean> {
    const known = this.#known.get(collector) ?? (await this.#load(collector));
    const lines = [...this.#changed(known, at, tree), ...this.#renamed(known, at, tree)];
    if (lines.length === 0) return false;
    const text = lines.map(lineOf).join('');
    try {
      await appendFile(this.#path(collector), text, { mode: 0o600 });
    } catch (error) {
      // What is in the file is what is known: the rest is found to have changed next time.
      this.#known.delete(collector);
      this.#values -= known.size;
      throw error;
    }
    this.#sizes.set(collector, (this.#sizes.get(collector) ?? 0) + Buffer.byteLength(text));
    await this.#makeRoom();
    return true;
  }

  #changed(known: Map<string, string>, at: number, tree: JsonObject): KeptLine[] {
    const lines: KeptLine[] = [];
    const seen = new Set<string>();
    for (const [path, value] of otherValuesOf(tree)) {
      const key = keyOf(path);
      const text = JSON.stringify(value);
      if (text.length > maxValueLength || !this.#hasRoom(known, key)) {
        this.leftOut += 1;
        continue;
      }
      seen.add(key);
      if (known.get(key) === text) continue;
      this.#remember(known, key, text);
      lines.push({ at, path, value });
    }
    for (const key of known.keys()) {
      if (seen.has(key) || !key.startsWith('[')) continue;
      known.delete(key);
      this.#values -= 1;
      lines.push({ at, path: JSON.parse(key) as string[], value: undefined });
    }
    return lines;
  }

  #renamed(known: Map<string, string>, at: number, tree: JsonObject): KeptLine[] {
    const lines: KeptLine[] = [];
    for (const { metric, path } of measuredOf('', tree)) {
      const name = metric.slice(1);
      const text = keyOf(path);
      if (name === path.join('.') || known.get(name) === text || !this.#hasRoom(known, name)) continue;
      this.#remember(known, name, text);
      lines.push({ at, metric: name, path });
    }
    return lines;
  }

  #hasRoom(known: Map<string, string>, key: string): boolean {
    return known.has(key) || this.#values < this.#parts.maxValues;
  }

  #remember(known: Map<string, string>, key: string, text: string): void {
    if (!known.has(key)) this.#values += 1;
    known.set(key, text);
  }

  async #load(collector: string): Promise<Map<string, string>> {
    const known = new Map<string, string>();
    for (const line of await this.#read(collector)) {
      const key = 'metric' in line ? line.metric : keyOf(line.path);
      const text = 'metric' in line ? keyOf(line.path) : JSON.stringify(line.value);
      if (text === undefined) known.delete(key);
      else known.set(key, text);
    }
    this.#values += known.size;
    this.#known.set(collector, known);
    return known;
  }

  async #read(collector: string): Promise<KeptLine[]> {
    try {
      const text = await readFile(this.#path(collector), 'utf8');
      // What follows a torn end would be lost with it.
      if (text !== '' && !text.endsWith('\n')) await appendFile(this.#path(collector), '\n');
      return linesOf(text);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async #makeRoom(): Promise<void> {
    const total = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    if (total <= this.#parts.maxBytes) return;
    const [largest] = [...this.#sizes].sort(([, one], [, other]) => other - one);
    if (largest !== undefined) await this.#halve(...largest);
  }

  /** The older half goes, and what it came to stands in its place. */
  async #halve(collector: string, size: number): Promise<void> {
    const lines = await this.#read(collector);
    const before = new Map<string, KeptLine>();
    let left = size / 2;
    let cut = 0;
    for (; cut < lines.length && left > 0; cut += 1) {
      const line = lines[cut] as KeptLine;
      left -= Buffer.byteLength(lineOf(line));
      before.set('metric' in line ? line.metric : keyOf(line.path), line);
    }
    const from = lines[cut - 1]?.at ?? 0;
    const kept = [...before.values()].filter((line) => 'metric' in line || line.value !== undefined);
    const text = [...kept.map((line) => ({ ...line, at: from })), ...lines.slice(cut)].map(lineOf).join('');
    const path = this.#path(collector);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
    this.#sizes.set(collector, Buffer.byteLength(text));
  }

  #path(collector: string): string {
    return join(this.#parts.folder, collector + ending);
  }
}

/** The path as a text: a metric's name never begins with a bracket. */
function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}
