import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, extname, join, relative, sep } from 'node:path';
import type { ErrorCode } from '../../core/errors.ts';
import type { Diagnostic } from '../model.ts';

/** A file that configuration is read from: bytes only, so that an unchanged one is never decoded again. */
export interface SourceFile {
  path: string;
  /** Index of the configuration directory it was found under; a higher one overrides. */
  directory: number;
  pack: string;
  /** File name without its extension. */
  base: string;
  /** True for files directly in the configuration directory. */
  root: boolean;
  /** True for `parameters.yml`, and for any file in a folder `parameters`. */
  isParameters: boolean;
  bytes: Buffer;
  /** SHA-256, hex. */
  hash: string;
}

/** A file or folder that could not be read. `pack` is null for the configuration directory itself. */
export interface BadPath {
  path: string;
  pack: string | null;
  folder: boolean;
  /** It holds, or may hold, the parameters of its pack. */
  isParameters: boolean;
}

/** What a scan found. What runs from a bad path, or from below it, is to be left alone. */
export interface Scan {
  files: SourceFile[];
  /** Third-party plugins: folders with a `plugin.yml`, and single files that open with a manifest. */
  plugins: { path: string; pack: string; file: SourceFile }[];
  diagnostics: Diagnostic[];
  bad: BadPath[];
}

/** Owners whose files are trusted; null when any is (the agent does not run as root). */
export type TrustedOwners = readonly number[] | null;

/** The owners to trust: root and the owner of the installed package when this process is root, else anybody. */
export function trustedOwners(uid: number | undefined, packageRoot: string): TrustedOwners {
  return uid === 0 ? [...new Set([0, statSync(packageRoot).uid])] : null;
}

const maxFileBytes = 1024 * 1024;
const maxFiles = 10_000;
const maxDepth = 16;
const yamlName = /\.ya?ml$/i;
const codeName = /\.(js|mjs|ts)$/;
const skipped = new Set(['node_modules', 'templates', 'testdata']);
const transparent = new Set(
  'packs monitoring detectors collectors parameters dashboards handlers generators compliance'.split(' '),
);

/**
 * Finds and reads the files of configuration directories, base first, sorted, without following a link into its own parents and
 * without ever opening what is no regular file or is over 1 MiB. A directory may also be given as one file. Never throws.
 */
export function scanDirectories(directories: readonly string[], owners: TrustedOwners): Scan {
  const scan: Scan = { files: [], plugins: [], diagnostics: [], bad: [] };
  for (const [index, directory] of directories.entries()) new Walk(scan, directory, index, owners).start();
  return scan;
}

class Walk {
  private readonly scan: Scan;
  private readonly top: string;
  private readonly directory: number;
  private readonly owners: TrustedOwners;

  constructor(scan: Scan, top: string, directory: number, owners: TrustedOwners) {
    this.scan = scan;
    this.top = top;
    this.directory = directory;
    this.owners = owners;
  }

  start(): void {
    const stats = this.stat(this.top, 'OPSBRO_CONFIG_NOT_FOUND');
    if (stats?.isDirectory()) this.enter(this.top, stats, []);
    else if (stats !== undefined) this.file(this.top, false);
  }

  private enter(folder: string, stats: Stats, parents: string[]): undefined {
    const identity = `${stats.dev}:${stats.ino}`;
    if (parents.includes(identity))
      return this.refuse(
        folder,
        'OPSBRO_CONFIG_UNREADABLE',
        'the link leads back into a folder that contains it',
      );
    if (parents.length > maxDepth)
      return this.refuse(folder, 'OPSBRO_CONFIG_TOO_LARGE', `folders nested deeper than ${maxDepth}`);
    if (this.owners !== null && (stats.mode & 0o1002) === 0o002)
      return this.refuse(folder, 'OPSBRO_CONFIG_UNSAFE', 'the folder is writable by everybody; chmod o-w it');
    let names: string[];
    try {
      names = readdirSync(folder).sort();
    } catch (thrown) {
      return this.refuse(folder, 'OPSBRO_CONFIG_UNREADABLE', `cannot read the folder: ${reason(thrown)}`);
    }
    if (folder !== this.top && names.includes('plugin.yml')) return this.plugin(folder);
    for (const name of names) {
      if (name.startsWith('.') || skipped.has(name)) continue;
      const path = join(folder, name);
      const named = yamlName.test(name) || codeName.test(name);
      const found = named ? this.stat(path, 'OPSBRO_CONFIG_UNREADABLE') : tryStat(path);
      if (found === undefined) continue;
      if (found.isDirectory() && !named) this.enter(path, found, [...parents, identity]);
      else if (found.isDirectory())
        this.refuse(path, 'OPSBRO_CONFIG_UNREADABLE', 'found a folder, expected a file; rename it');
      else if (named) this.file(path, codeName.test(name));
    }
  }

  private file(path: string, code: boolean): undefined {
    if (this.scan.files.length >= maxFiles)
      return this.refuse(
        path,
        'OPSBRO_CONFIG_TOO_LARGE',
        `more than ${maxFiles} files, this one is not read`,
      );
    const file = this.read(path);
    if (file === undefined) return;
    if (!code) this.scan.files.push(file);
    else if (file.bytes.subarray(0, 5).toString('latin1') === '/*---') this.found(path, file);
  }

  private plugin(folder: string): undefined {
    const file = this.read(join(folder, 'plugin.yml'));
    if (file !== undefined) this.found(folder, file);
  }

  /** Who may write where a link leads to is nobody this directory knows of. */
  private found(path: string, file: SourceFile): undefined {
    if (!isBelow(path, this.top))
      return this.refuse(
        path,
        'OPSBRO_CONFIG_UNSAFE',
        'the plugin is a link out of the configuration directory; put its files there',
      );
    this.scan.plugins.push({ path, pack: file.pack, file });
  }

  private read(path: string): SourceFile | undefined {
    let handle: number | undefined;
    try {
      handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = fstatSync(handle);
      const problem = this.problem(stats);
      if (problem !== undefined) {
        this.refuse(path, ...problem);
        return undefined;
      }
      const bytes = Buffer.alloc(Math.min(stats.size + 1, maxFileBytes));
      let length = 0;
      for (let got = -1; got !== 0 && length < bytes.length; length += got)
        got = readSync(handle, bytes, length, bytes.length - length, null);
      return this.source(path, bytes.subarray(0, length));
    } catch (thrown) {
      this.refuse(path, 'OPSBRO_CONFIG_UNREADABLE', `cannot read the file: ${reason(thrown)}`);
      return undefined;
    } finally {
      if (handle !== undefined) closeSync(handle);
    }
  }

  private problem(stats: Stats): [ErrorCode, string] | undefined {
    if (!stats.isFile())
      return ['OPSBRO_CONFIG_UNREADABLE', 'found a device, pipe or socket, expected a file'];
    if (stats.size > maxFileBytes)
      return [
        'OPSBRO_CONFIG_TOO_LARGE',
        `the file has ${stats.size} bytes, at most ${maxFileBytes} are read`,
      ];
    if (this.owners === null) return undefined;
    if ((stats.mode & 0o022) !== 0) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
      return [
        'OPSBRO_CONFIG_UNSAFE',
        `the file is writable by its group or everybody (${mode}); chmod go-w it`,
      ];
    }
    if (!this.owners.includes(stats.uid))
      return [
        'OPSBRO_CONFIG_UNSAFE',
        `the file belongs to user ${stats.uid}, expected ${this.owners.join(' or ')}`,
      ];
    return undefined;
  }

  private source(path: string, bytes: Buffer): SourceFile {
    return {
      path,
      directory: this.directory,
      ...this.standing(path),
      base: basename(path, extname(path)),
      bytes,
      hash: createHash('sha256').update(bytes).digest('hex'),
    };
  }

  private standing(path: string): Pick<SourceFile, 'pack' | 'root' | 'isParameters'> {
    const steps = relative(this.top, path).split(sep).slice(0, -1);
    const pack = steps.find((step) => !transparent.has(step));
    const isParameters = steps.at(-1) === 'parameters' || /^parameters\.ya?ml$/i.test(basename(path));
    return { pack: pack ?? 'local', root: steps.length === 0, isParameters };
  }

  private stat(path: string, code: ErrorCode): Stats | undefined {
    try {
      return statSync(path);
    } catch (thrown) {
      this.refuse(path, code, `cannot read it: ${reason(thrown)}`);
      return undefined;
    }
  }

  private refuse(path: string, code: ErrorCode, message: string): undefined {
    const folder = tryStat(path)?.isDirectory() ?? path === this.top;
    const { pack, isParameters } = this.standing(folder ? join(path, 'x') : path);
    this.scan.bad.push({
      path,
      folder,
      isParameters: folder || isParameters,
      pack: path === this.top ? null : pack,
    });
    this.scan.diagnostics.push({
      severity: 'error',
      code,
      message,
      place: { file: path, line: 1, column: 1 },
    });
  }
}

/** True where it is at home in the folder, whatever links lead there. */
function isBelow(path: string, folder: string): boolean {
  try {
    return !relative(realpathSync(folder), realpathSync(path)).split(sep).includes('..');
  } catch {
    return false;
  }
}

function tryStat(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

const reasons: { [code: string]: string } = {
  ENOENT: 'it does not exist (or is a link to nothing)',
  EACCES: 'permission denied',
  ELOOP: 'a symbolic link loop',
};

function reason(thrown: unknown): string {
  const code = (thrown as { code?: unknown }).code;
  return typeof code === 'string' ? (reasons[code] ?? code) : 'unknown reason';
}

/** Decodes a file's bytes as UTF-8 text without a byte order mark, not empty; `line` names where they stop being text. */
export function decodeText(bytes: Buffer): { text: string } | { problem: string; line: number } {
  const lineOf = (offset: number): number =>
    bytes.subarray(0, offset).filter((byte) => byte === 10).length + 1;
  const zero = bytes.indexOf(0);
  if (zero !== -1)
    return { problem: 'found a zero byte: the file is binary, expected text', line: lineOf(zero) };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.trim() === '' ? { problem: 'the file is empty; fill or remove it', line: 1 } : { text };
  } catch {
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      if (bytes.subarray(start, end).toString('utf8').includes('\ufffd')) break;
      start = end + 1;
    }
    return { problem: 'found bytes that are not UTF-8; save the file as UTF-8', line: lineOf(start) };
  }
}
