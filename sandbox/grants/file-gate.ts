import { closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { open, readlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OpsbroError } from '../../core/errors.ts';
import { type FileGate, leavesVirtual, type Wanted } from '../../threads/context/host-files.ts';
import type { ThreadData } from '../../threads/protocol.ts';
import type { Denials } from './denials.ts';
import { matchesPath, type PathPattern } from './path-pattern.ts';

/**
 * `O_PATH` of fcntl.h, which Node does not name: finds a file without touching it, so that no device starts and no FIFO wakes before it is
 * known to be granted. What was found stays the same whatever happens to its path.
 */
const pin = 0o10000000 | constants.O_NOCTTY | constants.O_NONBLOCK;
const longestPath = 1024;
const maxLinks = 40;

/**
 * Lets a plugin look at what its patterns cover: both the path it asks for and the one that was found there. Links may lead anywhere that is
 * granted. What lies outside is denied whether it exists or not. The links below a process (`/proc/1/root`, `fd` …) lead into other
 * views of the file system, where the same path is another file: they are denied altogether.
 */
export function createFileGate(
  patterns: readonly PathPattern[],
  data: ThreadData,
  denials: Denials,
): FileGate {
  const isGranted = (path: string): boolean => patterns.some((pattern) => matchesPath(pattern, path));
  const checkFound = (path: string, found: string): void => {
    if (!ordinaryPaths(found, data).some(isGranted))
      denials.refuse(`${path.slice(0, longestPath)} leads to what permission 'read' does not cover`);
  };
  const pinned = async <T>(path: string, real: string, want: Wanted, look: (place: string) => Promise<T>) => {
    const file = await open(real, pin).catch(async (thrown: unknown) => {
      checkFound(path, await landing(real, maxLinks));
      throw thrown;
    });
    try {
      const place = `/proc/self/fd/${file.fd}`;
      checkFound(path, await readlink(place));
      checkType(path, await file.stat(), want);
      return await look(place);
    } finally {
      await file.close();
    }
  };
  return {
    check: (path) => {
      if (path.length > longestPath) denials.refuse(`a path of more than ${longestPath} characters`);
      if (leavesVirtual.test(path)) denials.refuse(`${path}: links below a process are for trusted plugins`);
      if (!isGranted(path)) denials.deny('read', path, path);
    },
    now: (path, real, look) => {
      // What is missing in /proc and /sys is missing where it was looked for: their links lead to what exists.
      const file = openSync(real, pin);
      try {
        const place = `/proc/self/fd/${file}`;
        checkFound(path, readlinkSync(place));
        const found = fstatSync(file);
        checkType(path, found, found.isDirectory() ? 'directory' : 'file');
        return look(place);
      } finally {
        closeSync(file);
      }
    },
    later: pinned,
    itself: async (path, real, look) => {
      const folder = await open(dirname(real), pin | constants.O_DIRECTORY).catch(async (thrown: unknown) => {
        checkFound(path, await landing(real, maxLinks));
        throw thrown;
      });
      try {
        const place = `/proc/self/fd/${folder.fd}`;
        checkFound(path, join(await readlink(place), basename(real)));
        return await look(`${place}/${basename(real) || '.'}`);
      } finally {
        await folder.close();
      }
    },
  };
}

function checkType(path: string, found: Stats, want: Wanted): void {
  if (want === 'file' && !found.isFile())
    throw new OpsbroError('OPSBRO_HOST_IO', `${path}: not a regular file`);
  if (want === 'directory' && !found.isDirectory())
    throw new OpsbroError('OPSBRO_HOST_IO', `${path}: not a directory`);
}

/** Where a path that cannot be opened would lead, as far as it exists: whether that is granted decides what the plugin may know of it. */
async function landing(path: string, links: number): Promise<string> {
  if (path === '/') return path;
  const folder = await placeOf(dirname(path)).catch(() => landing(dirname(path), links));
  const place = join(folder, basename(path));
  const target = links > 0 ? await readlink(place).catch(() => undefined) : undefined;
  return target === undefined ? place : await landing(resolve(folder, target), links - 1);
}

async function placeOf(path: string): Promise<string> {
  const file = await open(path, pin);
  try {
    return await readlink(`/proc/self/fd/${file.fd}`);
  } finally {
    await file.close();
  }
}

/**
 * The ordinary paths of a place on the agent's file system: the way of `hostPath` back. None for what lies outside of the host that is looked
 * at. A process may be asked for by its number or as `self`.
 */
function ordinaryPaths(found: string, { hostProc, hostSys, hostRoot }: ThreadData): string[] {
  if (!found.startsWith('/')) return [];
  const proc = viewOf(hostProc);
  const process = below(found, proc.root);
  if (process !== undefined) return [`/proc${process}`, ...aliasesOf(process, proc.self)];
  const sys = below(found, viewOf(hostSys).root);
  if (sys !== undefined) return [`/sys${sys}`];
  const path = below(found, viewOf(hostRoot).root);
  const isOther = path === undefined || /^\/(proc|sys)(\/|$)/.test(path);
  return isOther ? [] : [path === '' ? '/' : path];
}

/** What `/proc/self`, `/proc/thread-self`, `/proc/net` and `/proc/mounts` lead to, by those names. */
function aliasesOf(path: string, self: string): string[] {
  const own = below(path, `/${self}`);
  if (own === undefined) return [];
  const task = /^\/task\/\d+(\/.*)?$/.exec(own);
  return [
    `/proc/self${own}`,
    ...(/^\/(net|mounts)(\/|$)/.test(own) ? [`/proc${own}`] : []),
    ...(task === null ? [] : [`/proc/thread-self${task[1] ?? ''}`]),
  ];
}

/** The rest of a path below a directory, '' for the directory itself. */
function below(path: string, directory: string): string | undefined {
  const prefix = directory === '/' ? '' : directory;
  return path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
}

const views = new Map<string, { root: string; self: string }>();

/** Where a directory of `ThreadData` really is, and what its `self` leads to. Both stay the same while the process runs. */
function viewOf(directory: string): { root: string; self: string } {
  let view = views.get(directory);
  if (view === undefined) {
    const attempt = (read: () => string, otherwise: string): string => {
      try {
        return read();
      } catch {
        return otherwise;
      }
    };
    view = {
      root: attempt(() => realpathSync(directory), directory),
      self: attempt(() => readlinkSync(join(directory, 'self')), '?'),
    };
    views.set(directory, view);
  }
  return view;
}
