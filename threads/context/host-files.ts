import type { Dirent, Stats } from 'node:fs';
import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';
import { type FileHandle, lstat, open, opendir, readlink, stat, statfs } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Context, DirectoryEntry, FileStat, FileSystemStat } from 'opsbro/sdk';
import type { ErrorCode } from '../../core/errors.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { ThreadData } from '../protocol.ts';
import type { PendingLooks } from './pending-looks.ts';

/** The part of a context that looks at files. */
export type HostFiles = Pick<
  Context,
  'readText' | 'tryReadText' | 'readLines' | 'readBytes' | 'list' | 'stat' | 'statFileSystem'
>;

type Later = <T>(path: string, work: () => Promise<T>) => Promise<T>;

/**
 * Decides what may be looked at. `path` is the clean ordinary path that was asked for, `real` where the agent finds it; `look` gets the
 * path to use in its place. All reject, or throw, where it may not be looked at.
 */
export interface FileGate {
  /** Before anything is looked at. */
  check(path: string): void;
  /** For what the kernel makes up on the spot. */
  now<T>(path: string, real: string, look: (place: string) => T): T;
  later<T>(path: string, real: string, want: Wanted, look: (place: string) => Promise<T>): Promise<T>;
  /** Like `later`, of a link itself instead of what it leads to. */
  itself<T>(path: string, real: string, look: (place: string) => Promise<T>): Promise<T>;
}

/** What a look is for; the system's answer tells when it is something else. */
export type Wanted = 'file' | 'directory' | 'any';

/** Trusted code may look at everything. */
const openGate: FileGate = {
  check: () => undefined,
  now: (_path, real, look) => look(real),
  later: (_path, real, _want, look) => look(real),
  itself: (_path, real, look) => look(real),
};

const defaultMaxBytes = 1024 * 1024;
const maxEntries = 100_000;
/** Without O_NONBLOCK, opening a FIFO nobody writes to would hold a thread of the process-wide pool for ever. */
const reading = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const chunk = Buffer.allocUnsafeSlow(64 * 1024);

/** What the kernel makes up on the spot, so that reading it cannot wait for a disk. */
const virtual = /^\/(?:proc|sys)(?:\/|$)/;
/** Matches the links below a process, which lead anywhere. */
export const leavesVirtual = /^\/proc\/(?:[^/]+\/)+(?:root|cwd|exe|fd|map_files)(?:\/|$)/;

/**
 * Looks at files for one run. Kernel files are read on the spot, which is many times faster than a trip through the thread pool;
 * everything else is asynchronous, so that a hung mount does not stop the thread, and refused while an earlier look at the same path hangs.
 * Waits end with `signal`.
 */
export function createHostFiles(
  data: ThreadData,
  signal: AbortSignal,
  looks: PendingLooks,
  gate: FileGate = openGate,
): HostFiles {
  const later: Later = (path, work) => whileRunning(looks.look(path, work), signal);
  const readText: HostFiles['readText'] = async (path, options = {}) => {
    const clean = absolute(path);
    const maxBytes = options.maxBytes ?? defaultMaxBytes;
    const real = hostPath(clean, data);
    try {
      gate.check(clean);
      if (isVirtual(clean)) return gate.now(clean, real, (place) => readNow(place, maxBytes));
      return await later(real, () => gate.later(clean, real, 'file', (place) => readLater(place, maxBytes)));
    } catch (thrown) {
      throw hostError(path, thrown);
    }
  };
  return {
    readText,
    tryReadText: async (path, options) => {
      try {
        return await readText(path, options);
      } catch (thrown) {
        if (isUnreadable(thrown) && !signal.aborted) return undefined;
        throw thrown;
      }
    },
    readLines: async (path, options) => {
      const lines = (await readText(path, options)).split('\n');
      if (lines.at(-1) === '') lines.pop();
      return lines;
    },
    readBytes: async (path, offset, length) => {
      const clean = absolute(path);
      const real = hostPath(clean, data);
      try {
        gate.check(clean);
        return await later(real, () =>
          gate.later(clean, real, 'file', (place) => readPiece(place, offset, length)),
        );
      } catch (thrown) {
        throw hostError(path, thrown);
      }
    },
    list: (path) => list(path, data, later, gate),
    stat: (path) => statLinks(path, data, later, gate),
    statFileSystem: (path) => statSystem(path, data, later, gate),
  };
}

/** Maps an ordinary path to where the agent sees it: `/proc` to `HOST_PROC`, `/sys` to `HOST_SYS`, the rest below `HOST_ROOT`. */
export function hostPath(path: string, data: ThreadData): string {
  if (path === '/proc' || path.startsWith('/proc/')) return data.hostProc + path.slice(5);
  if (path === '/sys' || path.startsWith('/sys/')) return data.hostSys + path.slice(4);
  return data.hostRoot === '/' ? path : data.hostRoot + path;
}

/** Turns what the operating system said into an error of the catalogue that names the path. */
export function hostError(path: string, thrown: unknown): OpsbroError {
  if (thrown instanceof OpsbroError) return thrown;
  const code = String((thrown as NodeJS.ErrnoException | undefined)?.code ?? 'unknown');
  const [error, text]: [ErrorCode, string] =
    code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH'
      ? ['OPSBRO_HOST_NOT_FOUND', 'does not exist']
      : code === 'EACCES' || code === 'EPERM'
        ? ['OPSBRO_HOST_DENIED', 'access refused by the operating system']
        : ['OPSBRO_HOST_IO', `the operating system answered ${code}`];
  return new OpsbroError(error, `${path}: ${text}`, { data: { path, errno: code }, cause: thrown });
}

/** Ends a wait when the run ends; the work itself cannot be called back and its outcome is then ignored. */
function whileRunning<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function absolute(path: string): string {
  if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) {
    throw new OpsbroError('OPSBRO_HOST_NOT_FOUND', `${String(path)}: give an absolute path`);
  }
  return posix.normalize(path);
}

function isVirtual(path: string): boolean {
  return virtual.test(path) && !leavesVirtual.test(path);
}

function isUnreadable(thrown: unknown): boolean {
  return (
    thrown instanceof OpsbroError &&
    (thrown.code === 'OPSBRO_HOST_NOT_FOUND' ||
      thrown.code === 'OPSBRO_HOST_DENIED' ||
      thrown.code === 'OPSBRO_HOST_IO')
  );
}

function tooLarge(maxBytes: number): OpsbroError {
  return new OpsbroError('OPSBRO_HOST_TOO_LARGE', `the file is over ${maxBytes} bytes`);
}

/** Reads a file on the spot, never waiting for the other end of a FIFO. Throws the system's error, or `OPSBRO_HOST_TOO_LARGE`. */
export function readNow(path: string, maxBytes: number): string {
  const file = openSync(path, reading);
  try {
    const first = readSync(file, chunk, 0, chunk.length, null);
    if (first < chunk.length && first <= maxBytes) {
      // Kernel files may hand out their text in pieces, so only an empty read is the end.
      if (first === 0 || readSync(file, chunk, first, 1, null) === 0) return chunk.toString('utf8', 0, first);
      return readRest(file, Buffer.from(chunk.subarray(0, first + 1)), maxBytes);
    }
    return readRest(file, Buffer.from(chunk.subarray(0, first)), maxBytes);
  } finally {
    closeSync(file);
  }
}

function readRest(file: number, start: Buffer, maxBytes: number): string {
  const parts = [start];
  for (let size = start.length; ; ) {
    if (size > maxBytes) throw tooLarge(maxBytes);
    const count = readSync(file, chunk, 0, chunk.length, null);
    if (count === 0) return Buffer.concat(parts).toString('utf8');
    parts.push(Buffer.from(chunk.subarray(0, count)));
    size += count;
  }
}

/** Opens a regular file for as long as `read` takes. */
async function whileOpen<T>(path: string, read: (file: FileHandle, found: Stats) => Promise<T>): Promise<T> {
  const file = await open(path, reading);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new OpsbroError('OPSBRO_HOST_IO', `${path}: not a regular file`);
    return await read(file, found);
  } finally {
    await file.close();
  }
}

function readPiece(path: string, offset: number, length: number): Promise<Uint8Array> {
  return whileOpen(path, async (file) => {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await file.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  });
}

function readLater(path: string, maxBytes: number): Promise<string> {
  return whileOpen(path, async (file, found) => {
    if (found.size > maxBytes) throw tooLarge(maxBytes);
    const parts: Buffer[] = [];
    for (let size = 0; ; ) {
      const buffer = Buffer.allocUnsafe(Math.min(Math.max(found.size - size, 0) + 1, 256 * 1024));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return Buffer.concat(parts).toString('utf8');
      parts.push(buffer.subarray(0, bytesRead));
      size += bytesRead;
      if (size > maxBytes) throw tooLarge(maxBytes);
    }
  });
}

async function list(path: string, data: ThreadData, later: Later, gate: FileGate): Promise<DirectoryEntry[]> {
  const clean = absolute(path);
  const real = hostPath(clean, data);
  let found: Dirent[];
  try {
    gate.check(clean);
    found = isVirtual(clean)
      ? gate.now(clean, real, (place) => readdirSync(place, { withFileTypes: true }))
      : await later(real, () => gate.later(clean, real, 'directory', entriesOf));
  } catch (thrown) {
    throw hostError(path, thrown);
  }
  if (found.length > maxEntries) {
    throw new OpsbroError(
      'OPSBRO_HOST_TOO_LARGE',
      `${path}: the directory has more than ${maxEntries} entries`,
    );
  }
  return found.map(entryOf).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** No more than one over the limit: the names of a spool with millions of files would not fit into a thread. */
async function entriesOf(place: string): Promise<Dirent[]> {
  const found: Dirent[] = [];
  for await (const entry of await opendir(place, { bufferSize: 1000 })) {
    found.push(entry);
    if (found.length > maxEntries) break;
  }
  return found;
}

function entryOf(entry: Dirent): DirectoryEntry {
  const type = entry.isFile()
    ? 'file'
    : entry.isDirectory()
      ? 'directory'
      : entry.isSymbolicLink()
        ? 'link'
        : 'other';
  return { name: entry.name, type };
}

async function statLinks(
  path: string,
  data: ThreadData,
  later: Later,
  gate: FileGate,
): Promise<FileStat | undefined> {
  const clean = absolute(path);
  const real = hostPath(clean, data);
  const look = async (place: string): Promise<FileStat> => {
    const own = await lstat(place);
    if (!own.isSymbolicLink()) return fileStat(own);
    const linkTarget = await readlink(place);
    // An absolute link of the host's file system means the host's root, not the agent's.
    const followed = linkTarget.startsWith('/') ? hostPath(posix.normalize(linkTarget), data) : place;
    const found = await later(followed, () => gate.later(clean, followed, 'any', (target) => stat(target)));
    return { ...fileStat(found), linkTarget };
  };
  try {
    gate.check(clean);
    return await later(real, () => gate.itself(clean, real, look));
  } catch (thrown) {
    const error = hostError(path, thrown);
    if (error.code === 'OPSBRO_HOST_NOT_FOUND') return undefined;
    throw error;
  }
}

async function statSystem(
  path: string,
  data: ThreadData,
  later: Later,
  gate: FileGate,
): Promise<FileSystemStat> {
  try {
    const clean = absolute(path);
    const real = hostPath(clean, data);
    gate.check(clean);
    const found = await later(real, () => gate.later(clean, real, 'any', (place) => statfs(place)));
    return {
      sizeBytes: found.blocks * found.bsize,
      freeBytes: found.bfree * found.bsize,
      availableBytes: found.bavail * found.bsize,
      files: found.files,
      filesFree: found.ffree,
    };
  } catch (thrown) {
    throw hostError(path, thrown);
  }
}

function fileStat(found: Stats): FileStat {
  return {
    type: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other',
    sizeBytes: found.size,
    mode: found.mode & 0o7777,
    uid: found.uid,
    gid: found.gid,
    modifiedMs: found.mtimeMs,
  };
}
