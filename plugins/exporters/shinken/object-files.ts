import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { mark } from './dialects/dialect.ts';

/** Holds what was there before a change that is not known to be good. No tool reads a name like this. */
const journalName = '.opsbro-before.json';
const maxBytes = 8 * 1024 * 1024;

/** Text by file name; null for a file that is not, or is not to be. */
export type Changes = Map<string, string | null>;

/**
 * The files of one directory that this exporter wrote. A change is kept, or undone, as a whole, also over a crash: a journal holds what was there
 * before. Files that do not bear the mark in their first line belong to somebody else and are never touched.
 */
export class ObjectFiles {
  readonly #folder: string;
  readonly #extension: string;
  /** What was there before the change that is open; null for none. */
  #before: Changes | null = null;

  constructor(folder: string, extension: string) {
    this.#folder = folder;
    this.#extension = extension;
  }

  /** Makes the directory and undoes a change that an earlier process left open. Rejects where the directory cannot be. */
  async open(): Promise<void> {
    await mkdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const text = await readFile(join(this.#folder, journalName), 'utf8').catch(() => null);
    if (text === null) return;
    this.#before = readJournal(text);
    await this.undo();
  }

  /** A change is neither kept nor undone. */
  get isOpen(): boolean {
    return this.#before !== null;
  }

  /** The files that are ours, with their texts. */
  async read(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith(this.#extension) || name.startsWith('.')) continue;
      const text = await this.#own(name);
      if (text !== null) found.set(name, text);
    }
    return found;
  }

  /** What has to be done so that exactly `wanted` is there; `refused` hears of names that somebody else's files have. */
  async changes(wanted: ReadonlyMap<string, string>, refused: (name: string) => void): Promise<Changes> {
    const own = await this.read();
    const changes: Changes = new Map();
    for (const name of own.keys()) if (!wanted.has(name)) changes.set(name, null);
    for (const [name, text] of wanted) {
      if (own.get(name) === text) continue;
      if (!own.has(name) && (await this.#exists(name))) refused(name);
      else changes.set(name, text);
    }
    return changes;
  }

  /** Writes and removes files, each at once. Until `keep` or `undo` the change is open; a second one adds to it. */
  async apply(changes: Changes): Promise<void> {
    const before: Changes = new Map();
    for (const name of changes.keys()) before.set(name, await this.#own(name));
    this.#before = new Map([...before, ...(this.#before ?? [])]);
    await this.#write(journalName, JSON.stringify(Object.fromEntries(this.#before)));
    await this.#put(changes);
  }

  /** What is there is good. */
  async keep(): Promise<void> {
    this.#before = null;
    await this.#remove(journalName);
  }

  /** Brings back what was there before. */
  async undo(): Promise<void> {
    if (this.#before !== null) await this.#put(this.#before);
    await this.keep();
  }

  async #put(changes: Changes): Promise<void> {
    for (const [name, text] of changes) {
      if (text === null) await this.#remove(name);
      else await this.#write(name, text);
    }
  }

  async #own(name: string): Promise<string | null> {
    try {
      const path = join(this.#folder, name);
      const { size } = await lstat(path);
      if (size > maxBytes) return null;
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        if (!(await file.stat()).isFile()) return null;
        const text = await file.readFile('utf8');
        return text.slice(0, text.indexOf('\n')).includes(mark) ? text : null;
      } finally {
        await file.close();
      }
    } catch {
      return null;
    }
  }

  async #exists(name: string): Promise<boolean> {
    return lstat(join(this.#folder, name)).then(
      () => true,
      () => false,
    );
  }

  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name);
    const draft = join(this.#folder, `.${name}.tmp`);
    await this.#remove(`.${name}.tmp`);
    const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
    const file = await open(draft, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  }

  async #remove(name: string): Promise<void> {
    await unlink(join(this.#folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

/** A torn journal was written before any file was changed, so nothing has to be undone. */
function readJournal(text: string): Changes {
  try {
    const entries = Object.entries(JSON.parse(text) as { [name: string]: unknown });
    const isSound = ([name, was]: [string, unknown]): boolean =>
      /^\w[\w.-]*$/.test(name) && (was === null || typeof was === 'string');
    return new Map(entries.filter(isSound) as [string, string | null][]);
  } catch {
    return new Map();
  }
}
