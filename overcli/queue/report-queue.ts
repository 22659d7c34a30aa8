import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../failure.ts';
import type { Report } from '../report.ts';
import { type Moment, secondsBetween, thisMoment } from './boot.ts';
import { isPrivate, privateDirectory } from './place.ts';
import { SendingTurn } from './sending-turn.ts';

/** Reports that wait in one queue; beyond it the oldest are dropped. */
export const maxReports = 1000;
/** What is older is dropped. */
export const maxAgeS = 24 * 3600;
const unfinished = '.new-';

/** A report that waits. */
export interface WaitingReport {
  /** Its file. */
  name: string;
  report: Report;
  /** Whole seconds since it was made. */
  ageS: number;
}

/**
 * The reports to one server under one name that could not be sent, one file each, oldest first by name. A file is complete or absent, whenever
 * the machine stops; several processes may add and remove. No key and no password is in it.
 */
export class ReportQueue {
  readonly #roots: readonly string[];
  readonly #target: string;
  readonly #now: () => Moment;
  #directory: string | undefined;

  /** `roots` are the places it may be at, the best one first; `target` is its directory there. Touches nothing. */
  constructor(roots: readonly string[], target: string, now: () => Moment = thisMoment) {
    this.#roots = roots;
    this.#target = target;
    this.#now = now;
  }

  /** The directory of the files, whether it is there or not. */
  get directory(): string {
    if (this.#directory === undefined) {
      const root = this.#roots.find((path) => isPrivate(path) && existsSync(join(path, this.#target)));
      if (root === undefined) return join(this.#roots[0] ?? '', this.#target);
      this.#directory = join(root, this.#target);
    }
    return this.#directory;
  }

  /** The files, oldest first. */
  names(): string[] {
    return entriesOf(this.directory)
      .filter((name) => name.endsWith('.json'))
      .sort();
  }

  /** Keeps a report that was made at `made`, behind all others; returns how many the bounds cost. */
  add(report: Report, made: Moment = this.#now()): number {
    const directory = this.#make();
    const id = `${process.pid}-${process.hrtime.bigint().toString(36)}`;
    const draft = join(directory, `${unfinished}${id}`);
    writeDurably(draft, JSON.stringify({ ...made, ...report }));
    // Two processes may take the same number: then neither was before the other.
    const last = Number(this.names().at(-1)?.slice(0, 12) ?? 0);
    renameSync(draft, join(directory, `${String(last + 1).padStart(12, '0')}-${id}.json`));
    syncDirectory(directory);
    return this.#trim();
  }

  /** What waits in a file. What is too old or damaged is removed. */
  read(name: string): WaitingReport | 'gone' | 'too old' | 'damaged' {
    const path = join(this.directory, name);
    try {
      const { route, body, ...made } = JSON.parse(readFileSync(path, 'utf8')) as Report & Moment;
      const age = secondsBetween(made, this.#now());
      if (age <= maxAgeS) return { name, report: { route, body } as Report, ageS: Math.round(age) };
      this.remove(name);
      return 'too old';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return 'gone';
      if (code !== undefined) throw error;
      this.remove(name);
      return 'damaged';
    }
  }

  /** Removes a file, if it is there. */
  remove(name: string): void {
    rmSync(join(this.directory, name), { force: true });
  }

  /** The right to send; undefined while another process has it. */
  takeTurn(): SendingTurn | undefined {
    return SendingTurn.take(this.directory);
  }

  /** The directory, made at the best place that can be had. */
  #make(): string {
    if (existsSync(this.directory) && this.#directory !== undefined) return this.#directory;
    const problems: string[] = [];
    for (const root of this.#roots) {
      try {
        privateDirectory(root);
        const directory = join(root, this.#target);
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        this.#directory = directory;
        return directory;
      } catch (error) {
        problems.push(messageOf(error));
      }
    }
    throw new Error(problems.join('; '));
  }

  /** Enforces the bounds, and removes what processes that were killed left behind. */
  #trim(): number {
    const names = this.names();
    const surplus = names.slice(0, Math.max(0, names.length - maxReports));
    for (const name of surplus) this.remove(name);
    for (const name of entriesOf(this.directory)) {
      const path = join(this.directory, name);
      if (name.startsWith(unfinished) && isOlder(path, this.#now().wallMs - maxAgeS * 1000))
        rmSync(path, { force: true });
    }
    return surplus.length;
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function isOlder(path: string, wallMs: number): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? wallMs) < wallMs;
}
