import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Permissions } from 'opsbro/sdk';
import { parseYaml } from '../../configuration/sources/yaml.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { PluginLimits } from '../model.ts';

/** One approved plugin. What it may do is in the bundle that `digest` pins; `permissions` and `limits` stand here for people to read. */
export interface LockEntry {
  /** `<kind>/<name>`. */
  name: string;
  /** SHA-256 of the kept bundle's file, hex. */
  digest: string;
  /** SHA-256 of the files as they were dropped; '' in a lock of an older version, whose plugins must be approved again. */
  source: string;
  /** Files of the plugin's `node_modules` that `source` covers. */
  dependencies: string[];
  /** Runs in a job thread with Node's full API instead of the sandbox. */
  trust: boolean;
  /** Where it was dropped. */
  path: string;
  version?: string;
  permissions: Permissions;
  limits: PluginLimits | null;
  /** RFC 3339. */
  approved: string;
  /** Who approved it: a user, or the name of a key. */
  by: string;
  /** Where a key did: its signature of `source`. */
  signature?: string;
}

const maxBytes = 4 * 1024 * 1024;
const hex = /^[0-9a-f]{64}$/;
const pluginId = /^[a-z]+\/[a-z0-9][a-z0-9_-]{0,63}$/;

/** The lock that counts: the first of the candidates that is there, else the first that could be written. */
export function lockPath(candidates: readonly string[]): string | undefined {
  const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  return candidates.find(isThere) ?? candidates.find((path) => isWritableFolder(dirname(path)));
}

/**
 * Reads a lock; one that is not there approves nothing. Refuses (OPSBRO_CONFIG_UNSAFE) a link, and one that others than root and this user
 * could have written, and (OPSBRO_CONFIG_SYNTAX) one that is no list of plugins.
 */
export function readLock(path: string | undefined): ReadonlyMap<string, LockEntry> {
  const text = path === undefined ? undefined : readOwned(path);
  if (text === undefined) return new Map();
  const { documents, findings } = parseYaml(text);
  const plugins = (documents[0]?.value as { plugins?: unknown } | undefined)?.plugins;
  if (findings.some(({ severity }) => severity === 'error') || !Array.isArray(plugins))
    throw new OpsbroError('OPSBRO_CONFIG_SYNTAX', `${path}: expected a mapping with a list 'plugins'`);
  const entries = plugins.flatMap((one: unknown) => readEntry(one) ?? []);
  const twice = entries.find(({ name }, index) => entries.findIndex((other) => other.name === name) < index);
  if (twice !== undefined)
    throw new OpsbroError('OPSBRO_CONFIG_SYNTAX', `${path}: names the plugin ${twice.name} twice`);
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** undefined for what names no file that could be run: the digest becomes a file's name. */
function readEntry(value: unknown): LockEntry | undefined {
  const { name, digest, source, dependencies, ...rest } = (value ?? {}) as Partial<LockEntry>;
  if (typeof name !== 'string' || !pluginId.test(name) || typeof digest !== 'string' || !hex.test(digest))
    return;
  return {
    name,
    digest,
    source: typeof source === 'string' ? source : '',
    dependencies: Array.isArray(dependencies) ? dependencies.filter((one) => typeof one === 'string') : [],
    trust: rest.trust === true,
    path: String(rest.path ?? ''),
    ...(typeof rest.version === 'string' && { version: rest.version }),
    permissions: rest.permissions ?? {},
    limits: rest.limits ?? null,
    approved: String(rest.approved ?? ''),
    by: String(rest.by ?? ''),
    ...(typeof rest.signature === 'string' && { signature: rest.signature }),
  };
}

/**
 * Reads a file of root's or of this user that nobody else may write; undefined when it is not there. Throws OPSBRO_CONFIG_UNSAFE for any
 * other, and for a link, OPSBRO_CONFIG_TOO_LARGE over 4 MiB.
 */
export function readOwned(path: string): string | undefined {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why = code === 'ELOOP' ? 'must be a file, found a link' : `cannot be read: ${code}`;
    throw new OpsbroError('OPSBRO_CONFIG_UNSAFE', `${path}: ${why}`, { cause });
  }
  try {
    const stats = fstatSync(handle);
    const isOurs = stats.uid === 0 || stats.uid === process.getuid?.();
    if (!stats.isFile() || !isOurs || (stats.mode & 0o022) !== 0)
      throw new OpsbroError(
        'OPSBRO_CONFIG_UNSAFE',
        `${path}: must be a file that belongs to root or the agent's user and is writable by nobody else`,
      );
    if (stats.size > maxBytes)
      throw new OpsbroError('OPSBRO_CONFIG_TOO_LARGE', `${path}: has over ${maxBytes} bytes`);
    return readFileSync(handle, 'utf8');
  } finally {
    closeSync(handle);
  }
}

const busyMs = 5000;
const retryMs = 50;

/**
 * Changes a lock: `change` gets its entries and gives the new ones, and nobody else changes it meanwhile. A kill leaves the old or the new.
 * Throws OPSBRO_HOST_DENIED where this user may not write, OPSBRO_AGENT_BUSY when another command holds it for 5 s, and what `readLock`
 * and `change` throw.
 */
export async function updateLock(
  path: string,
  change: (entries: LockEntry[]) => LockEntry[] | Promise<LockEntry[]>,
): Promise<void> {
  const fresh = `${path}.new`;
  const file = await openFresh(fresh);
  let isDone = false;
  try {
    const entries = await change([...readLock(path).values()]);
    const plugins = entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    await file.writeFile(`${JSON.stringify({ version: 2, plugins }, null, 2)}\n`);
    await file.chmod(0o644);
    await file.sync();
    if (!(await isAt(file, fresh))) throw busy(path);
    await rename(fresh, path);
    isDone = true;
    await syncFolder(dirname(path));
  } finally {
    if (!isDone && (await isAt(file, fresh))) await rm(fresh, { force: true });
    await file.close();
  }
}

/** A command that was held up for long, as by a disk that hangs, may find that another took its mark for one left behind. */
async function isAt(file: FileHandle, path: string): Promise<boolean> {
  const [own, there] = await Promise.all([file.stat(), lstat(path).catch(() => undefined)]);
  return own.ino === there?.ino && own.dev === there.dev;
}

function busy(path: string, cause?: unknown): OpsbroError {
  const message = `${path}: another command changes the lock; try again`;
  return new OpsbroError('OPSBRO_AGENT_BUSY', message, { cause });
}

/** The new file is the mark that somebody is at it; a mark that a kill left behind is taken away. */
async function openFresh(path: string): Promise<FileHandle> {
  for (let waitedMs = 0; ; waitedMs += retryMs) {
    try {
      return await open(path, 'wx', 0o644);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw denied(path, cause);
      if (waitedMs >= busyMs) throw busy(path, cause);
      const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
      if (Math.abs(age) > busyMs) await rm(path, { force: true });
      else await delay(retryMs);
    }
  }
}

/** What to throw when a file of the lock cannot be written. */
export function denied(path: string, cause: unknown): OpsbroError {
  const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
  const message = `${path}: cannot be written (${code}); run this as root or as the agent's user`;
  return new OpsbroError('OPSBRO_HOST_DENIED', message, { cause });
}

/** Makes the names in a folder last through a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
