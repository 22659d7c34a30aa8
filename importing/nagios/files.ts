import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Faults } from './faults.ts';
import type { Place } from './model.ts';

const maxFileBytes = 16 * 1024 * 1024;
const maxTotalBytes = 64 * 1024 * 1024;
const maxFiles = 10_000;
const maxDepth = 16;

/** Reads the files of a Nagios configuration, each once: regular files of text, within limits. What cannot be read is a fault. */
export class Files {
  count = 0;
  private bytes = 0;
  private readonly seen = new Set<string>();
  private readonly faults: Faults;

  constructor(faults: Faults) {
    this.faults = faults;
  }

  /** The lines of a file; null when it was read before or cannot be. `from` is the line that names it. */
  text(path: string, from: Place): string | null {
    const real = this.first(path, from);
    if (real === null) return null;
    if (this.count >= maxFiles) return this.refuse(from, `there are more than ${maxFiles} files`);
    this.count += 1;
    try {
      return this.decode(this.read(real), path);
    } catch (thrown) {
      return this.refuse(from, `cannot read '${path}': ${reasonOf(thrown)}`);
    }
  }

  /** Every `*.cfg` below a folder, sorted, folders that lead back into themselves left out. */
  below(folder: string, from: Place, depth = 0): string[] {
    const real = this.first(folder, from);
    if (real === null) return [];
    if (depth > maxDepth) {
      this.faults.add(from, `'${folder}' lies deeper than ${maxDepth} folders`);
      return [];
    }
    try {
      const entries = readdirSync(folder, { withFileTypes: true }).filter(
        ({ name }) => !name.startsWith('.'),
      );
      return entries
        .sort((left, right) => (left.name < right.name ? -1 : 1))
        .flatMap((entry) => {
          const path = join(folder, entry.name);
          if (entry.name.endsWith('.cfg') && !entry.isDirectory()) return [path];
          return entry.isDirectory() || (entry.isSymbolicLink() && isFolder(path))
            ? this.below(path, from, depth + 1)
            : [];
        });
    } catch (thrown) {
      this.faults.add(from, `cannot read the folder '${folder}': ${reasonOf(thrown)}`);
      return [];
    }
  }

  private first(path: string, from: Place): string | null {
    try {
      const real = realpathSync(path);
      if (this.seen.has(real)) return null;
      this.seen.add(real);
      return real;
    } catch (thrown) {
      return this.refuse(from, `cannot read '${path}': ${reasonOf(thrown)}`);
    }
  }

  private read(path: string): Buffer {
    // A pipe that nobody writes to must not block.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(file);
      if (!stat.isFile()) throw new Error('it is no regular file');
      if (stat.size > maxFileBytes) throw new Error(`it is over ${maxFileBytes / 2 ** 20} MiB`);
      this.bytes += stat.size;
      if (this.bytes > maxTotalBytes)
        throw new Error(`all files together are over ${maxTotalBytes / 2 ** 20} MiB`);
      const bytes = Buffer.alloc(stat.size);
      return bytes.subarray(0, readSync(file, bytes, 0, stat.size, 0));
    } finally {
      closeSync(file);
    }
  }

  private decode(bytes: Buffer, path: string): string | null {
    const zero = bytes.indexOf(0);
    if (zero !== -1) {
      const line = bytes.subarray(0, zero).filter((byte) => byte === 10).length + 1;
      return this.refuse({ file: path, line }, 'found a zero byte: the file is binary, expected text');
    }
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      // Nagios takes any bytes; older files are Latin-1.
      return bytes.toString('latin1');
    }
  }

  private refuse(place: Place, message: string): null {
    this.faults.add(place, message);
    return null;
  }
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

const reasons: { [code: string]: string } = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied; run this as a user that may read it',
  ELOOP: 'a symbolic link loop',
  ENOTDIR: 'it is no folder',
  EISDIR: 'it is a folder',
};

function reasonOf(thrown: unknown): string {
  const { code, message } = thrown as { code?: string; message?: string };
  return code === undefined ? (message ?? 'unknown reason') : (reasons[code] ?? code);
}
