import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { DirectoryEntry, FileStat } from '../context.ts';
import { HostError, hostError } from './host-error.ts';

const maxLinks = 40;

/**
 * A directory of recorded files that stands for a host's root. Symbolic links are followed as under `chroot`: absolute targets
 * start at the root and `..` never leaves it. `files` overrides single paths: a text replaces the file, null removes it.
 */
export class RecordedTree {
  readonly #root: string;
  readonly #files: Map<string, string | null>;

  constructor(root: string, files: { [path: string]: string | null } = {}) {
    this.#root = root;
    this.#files = new Map(Object.entries(files).map(([path, text]) => [posix.normalize(path), text]));
  }

  /** The text of a file; throws a `HostError` when it is absent, too large or a directory. */
  read(path: string, maxBytes: number): string {
    const bytes = this.bytes(path);
    if (bytes.length > maxBytes)
      throw new HostError('OPSBRO_HOST_TOO_LARGE', `${path}: more than ${maxBytes} bytes`);
    return bytes.toString('utf8');
  }

  /** The content of a file; throws a `HostError` when it is absent or a directory. */
  bytes(path: string): Buffer {
    const replaced = this.#files.get(posix.normalize(path));
    if (replaced === null) throw new HostError('OPSBRO_HOST_NOT_FOUND', `${path}: no such file or directory`);
    if (replaced !== undefined) return Buffer.from(replaced);
    if (this.#holdsFiles(path)) throw new HostError('OPSBRO_HOST_IO', `${path}: is a directory`);
    return this.#try(path, (real) => readFileSync(real));
  }

  /** The entries of a directory, sorted by name, those of `files` included. */
  list(path: string): DirectoryEntry[] {
    const prefix = prefixOf(path);
    const entries = new Map<string, DirectoryEntry>();
    const added = [...this.#files].filter(([file, text]) => text !== null && file.startsWith(prefix));
    try {
      for (const entry of this.#try(path, (real) => readdirSync(real, { withFileTypes: true })))
        entries.set(entry.name, { name: entry.name, type: entryType(entry) });
    } catch (thrown) {
      if (added.length === 0) throw thrown;
    }
    for (const [file] of added) {
      const [name = '', rest] = file.slice(prefix.length).split('/');
      if (!entries.has(name)) entries.set(name, { name, type: rest === undefined ? 'file' : 'directory' });
    }
    for (const [file, text] of this.#files)
      if (text === null && file.startsWith(prefix)) entries.delete(file.slice(prefix.length));
    return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** As `stat(2)`; undefined when the path is absent. Owner and time are fixed, so that a checkout changes no test. */
  stat(path: string): FileStat | undefined {
    const replaced = this.#files.get(posix.normalize(path));
    const fixed = { uid: 0, gid: 0, modifiedMs: 0 };
    if (replaced === null) return undefined;
    if (replaced !== undefined)
      return { type: 'file', sizeBytes: Buffer.byteLength(replaced), mode: 0o644, ...fixed };
    if (this.#holdsFiles(path)) return { type: 'directory', sizeBytes: 4096, mode: 0o755, ...fixed };
    try {
      const stats = this.#try(path, (real) => statSync(real));
      const link = this.#linkTarget(path);
      return {
        type: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other',
        sizeBytes: stats.size,
        mode: stats.mode & 0o7777,
        ...fixed,
        ...(link === undefined ? {} : { linkTarget: link }),
      };
    } catch {
      return undefined;
    }
  }

  /** Whether one of the files given is below `path`. */
  #holdsFiles(path: string): boolean {
    const prefix = prefixOf(path);
    return [...this.#files].some(([file, text]) => text !== null && file.startsWith(prefix));
  }

  #linkTarget(path: string): string | undefined {
    const real = join(this.#resolve(posix.dirname(path)), posix.basename(path));
    return lstatSync(real).isSymbolicLink() ? readlinkSync(real) : undefined;
  }

  #try<Value>(path: string, work: (real: string) => Value): Value {
    try {
      return work(this.#resolve(path));
    } catch (cause) {
      throw hostError(cause, path);
    }
  }

  #resolve(path: string): string {
    const pending = path.split('/').filter(Boolean);
    const done: string[] = [];
    let links = 0;
    for (let step = pending.shift(); step !== undefined; step = pending.shift()) {
      if (step === '.') continue;
      if (step === '..') {
        done.pop();
        continue;
      }
      const here = join(this.#root, ...done, step);
      if (!lstatSync(here).isSymbolicLink()) {
        done.push(step);
        continue;
      }
      if (++links > maxLinks) throw new HostError('OPSBRO_HOST_IO', `${path}: too many symbolic links`);
      const target = readlinkSync(here);
      if (target.startsWith('/')) done.length = 0;
      pending.unshift(...target.split('/').filter(Boolean));
    }
    return join(this.#root, ...done);
  }
}

function prefixOf(path: string): string {
  return `${posix.normalize(path).replace(/\/$/, '')}/`;
}

function entryType(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }) {
  if (entry.isFile()) return 'file' as const;
  if (entry.isDirectory()) return 'directory' as const;
  return entry.isSymbolicLink() ? ('link' as const) : ('other' as const);
}
