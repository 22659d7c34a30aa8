import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/**
 * A file of lines, each with a checksum, that only grows: what `append` resolved for is read back by the next `openJournal`,
 * whatever tore the file in between. One writer; its calls must not overlap.
 */
export interface Journal {
  /** Lines in the file. */
  readonly lines: number;
  /** Adds lines, all or none. A failed append is cut off again before anything else is written. */
  append(texts: string[]): Promise<void>;
  /** Resolves once everything appended is on the disk. */
  sync(): Promise<void>;
  /** Replaces the whole content, all or nothing. */
  rewrite(texts: string[]): Promise<void>;
  /** Also twice. */
  close(): Promise<void>;
}

/** A journal and what was found in it. Lines whose checksum fails are moved to `setAside`, and `bad` counts them. */
export interface OpenedJournal {
  journal: Journal;
  texts: string[];
  bad: number;
  setAside: string | null;
}

/** Opens or creates the journal at `path` (0600). `now` names the file that bad lines go to. Rejects with the system's error. */
export async function openJournal(path: string, now: () => number): Promise<OpenedJournal> {
  const content = await readOrEmpty(path);
  const texts: string[] = [];
  const bad: string[] = [];
  for (const line of content.split('\n')) {
    if (line === '') continue;
    const text = checked(line);
    if (text === null) bad.push(line);
    else texts.push(text);
  }
  // A line without its end would swallow the next one even when its own checksum holds.
  const torn = content !== '' && !content.endsWith('\n');
  const setAside = bad.length > 0 ? `${path}.corrupt-${now()}` : null;
  if (setAside) await writeFile(setAside, `${bad.join('\n')}\n`, { mode: 0o600 });
  const journal = new FileJournal(path, texts.length);
  await journal.open();
  if (torn || setAside) await journal.rewrite(texts);
  return { journal, texts, bad: bad.length, setAside };
}

class FileJournal implements Journal {
  readonly #path: string;
  #handle: FileHandle | null = null;
  #lines: number;
  #sizeBytes = 0;
  #clean = true;

  constructor(path: string, lines: number) {
    this.#path = path;
    this.#lines = lines;
  }

  get lines(): number {
    return this.#lines;
  }

  async open(): Promise<void> {
    this.#handle = await open(this.#path, 'a+', 0o600);
    this.#sizeBytes = (await this.#handle.stat()).size;
  }

  async append(texts: string[]): Promise<void> {
    const handle = this.#opened();
    await this.#cutOff(handle);
    const bytes = Buffer.from(texts.map(line).join(''));
    this.#clean = false;
    try {
      await handle.appendFile(bytes);
    } catch (error) {
      await this.#cutOff(handle).catch(() => {});
      throw error;
    }
    this.#clean = true;
    this.#sizeBytes += bytes.length;
    this.#lines += texts.length;
  }

  /** What a failed append left behind would be glued to the next line, and take it along. */
  async #cutOff(handle: FileHandle): Promise<void> {
    if (this.#clean) return;
    await handle.truncate(this.#sizeBytes);
    this.#clean = true;
  }

  async sync(): Promise<void> {
    await this.#opened().datasync();
  }

  async rewrite(texts: string[]): Promise<void> {
    const next = `${this.#path}.next`;
    await rm(next, { force: true });
    const handle = await open(next, 'a+', 0o600);
    const bytes = Buffer.from(texts.map(line).join(''));
    try {
      await handle.appendFile(bytes);
      await handle.sync();
      await rename(next, this.#path);
    } catch (error) {
      await handle.close();
      throw error;
    }
    // From the rename on the old file has no name: whatever fails now, nothing may be written to it.
    const old = this.#handle;
    this.#handle = handle;
    this.#sizeBytes = bytes.length;
    this.#lines = texts.length;
    this.#clean = true;
    await old?.close();
    await syncDirectory(dirname(this.#path));
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  #opened(): FileHandle {
    if (this.#handle) return this.#handle;
    throw new Error('the journal is closed');
  }
}

function line(text: string): string {
  return `${checksum(text)} ${text}\n`;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

function checked(found: string): string | null {
  const text = found.slice(9);
  return found[8] === ' ' && checksum(text) === found.slice(0, 8) ? text : null;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
