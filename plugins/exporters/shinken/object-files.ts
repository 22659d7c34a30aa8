import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { mark } from './dialects/dialect.ts';

/** Names the files of a change that is not known to be good, each with whether there was one before. No tool reads a name like this. */
const journalName = '.opsbro-before.json';
const maxBytes = 8 * 1024 * 1024;
/** The tool reads as a user of its own, and the umask of an agent that a unit starts would shut it out. */
const modes = { folder: 0o755, file: 0o644 };

/** Becomes the file by a rename. */
const draftOf = (name: string): string => `.${name}.tmp`;
/** What the file was before the change that is open. */
const formerOf = (name: string): string => `.${name}.was`;

/** Text by file name; null for a file that is not, or is not to be. */
export type Changes = Map<string, string | null>;

/**
 * The files of one directory that this exporter wrote. A change is made, kept or undone as a whole, also over a crash: all new texts and copies of
 * the old ones are on the disk before the first file changes; from then on there are renames only, so a full disk leaves everything as it was.
 * Files that do not bear the mark in their first line belong to somebody else and are never touched.
 */
export class ObjectFiles {
  readonly #folder: string;
  readonly #extension: string;
  /** The files of the change that is open, with whether they were there before; null for none. */
  #before: Map<string, boolean> | null = null;

  constructor(folder: string, extension: string) {
    this.#folder = folder;
    this.#extension = extension;
  }

  /** Makes the directory and undoes a change that an earlier process left open. Rejects where the directory cannot be. */
  async open(): Promise<void> {
    await mkdir(this.#folder).then(
      () => chmod(this.#folder, modes.folder),
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
    const text = await readFile(join(this.#folder, journalName), 'utf8').catch(() => null);
    if (text !== null) {
      this.#before = readJournal(text);
      await this.undo();
    }
    await this.#sweep();
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

  /**
   * Writes and removes files, each at once. Until `keep` or `undo` the change is open; a second one adds to it. Where it rejects for want of room
   * nothing has changed.
   */
  async apply(changes: Changes): Promise<void> {
    const added = [...changes.keys()].filter((name) => this.#before?.has(name) !== true);
    try {
      for (const [name, text] of changes) if (text !== null) await this.#write(draftOf(name), text);
      const fresh = new Map<string, boolean>();
      for (const name of added) fresh.set(name, await this.#copy(name));
      const before = new Map([...fresh, ...(this.#before ?? [])]);
      await this.#write(draftOf(journalName), JSON.stringify(Object.fromEntries(before)));
      await this.#rename(draftOf(journalName), journalName);
      this.#before = before;
    } catch (error) {
      const drafts = [journalName, ...changes.keys()].map(draftOf);
      for (const name of [...drafts, ...added.map(formerOf)]) await this.#remove(name).catch(() => undefined);
      throw error;
    }
    for (const [name, text] of changes) {
      if (text === null) await this.#remove(name);
      else await this.#rename(draftOf(name), name);
    }
  }

  /** What is there is good. */
  async keep(): Promise<void> {
    const before = this.#before ?? [];
    this.#before = null;
    // First: without it nothing is brought back.
    await this.#remove(journalName);
    for (const [name] of before) await this.#remove(formerOf(name));
  }

  /** Brings back what was there before. */
  async undo(): Promise<void> {
    for (const [name, was] of this.#before ?? []) {
      await this.#remove(draftOf(name));
      if (was) await this.#rename(formerOf(name), name);
      else await this.#remove(name);
    }
    await this.keep();
  }

  /** Keeps the text of a file beside it. Whether there is one of ours. */
  async #copy(name: string): Promise<boolean> {
    const text = await this.#own(name);
    if (text === null) return false;
    await this.#write(formerOf(name), text);
    return true;
  }

  /** Removes what a process that died left while no change was open. */
  async #sweep(): Promise<void> {
    const ends = [draftOf(''), formerOf('')].map((end) => `${this.#extension}${end.slice(1)}`);
    for (const name of await readdir(this.#folder))
      if (name.startsWith('.') && ends.some((end) => name.endsWith(end))) await this.#remove(name);
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
    await this.#remove(name);
    const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
    const flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW;
    const file = await open(join(this.#folder, name), flags, modes.file);
    try {
      await file.chmod(modes.file);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** What is not there was renamed before a crash. */
  async #rename(from: string, to: string): Promise<void> {
    await rename(join(this.#folder, from), join(this.#folder, to)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  async #remove(name: string): Promise<void> {
    await unlink(join(this.#folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

/** What is no journal was not written here, so nothing has to be undone. */
function readJournal(text: string): Map<string, boolean> {
  try {
    const entries = Object.entries(JSON.parse(text) as { [name: string]: unknown });
    const isSound = ([name, was]: [string, unknown]): boolean =>
      /^\w[\w.-]*$/.test(name) && typeof was === 'boolean';
    return new Map(entries.filter(isSound) as [string, boolean][]);
  } catch {
    return new Map();
  }
}
