import { randomUUID } from 'node:crypto';
import { cp, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OpsbroError } from '../core/errors.ts';
import { openStore, repairStore, type Store, type StoreOptions } from './level.ts';
import { Reserve } from './reserve.ts';

/** The agent's directory, locked for this process: `state/` (exact store), `run/` (pid, socket), `format`, `reserve`. */
export interface DataDirectory {
  /** Absolute path. */
  path: string;
  /** `<path>/run`, mode 0700. */
  run: string;
  /** The exact store of the main thread, in `<path>/state`. Its lock is the directory's lock. */
  store: Store;
  /** What opening had to mend, one line each; to be logged as warnings. */
  mended: string[];
  /** Room for a start on a full disk, to be kept now and then. */
  reserve: Reserve;
  /** Flushes the store, removes the pid file and frees the lock. Also twice. */
  close(): Promise<void>;
}

/** Brings a directory from the format of its index to the next one. Runs under the lock, after a copy was made. */
export type Migration = (path: string, store: Store) => Promise<void>;

/** The format this version writes. */
export const dataFormat = 1;

/** How the directory is opened; tests pass a format and migrations of their own. */
export interface DataDirectoryOptions extends StoreOptions {
  format?: number;
  /** By the format they start from. */
  migrations?: { [format: number]: Migration };
}

/**
 * Opens the data directory, creating it (0700) when absent, and locks it until `close` or the end of the process, `kill -9`
 * included. Throws `OPSBRO_AGENT_DATA` when it cannot be used, `OPSBRO_AGENT_FORMAT` when a newer version wrote it (nothing is
 * touched then) and `OPSBRO_AGENT_LOCKED`, naming the holder, when another agent uses it.
 */
export async function openDataDirectory(
  path: string,
  options: DataDirectoryOptions = {},
): Promise<DataDirectory> {
  const root = resolve(path);
  await refuseNewer(root, options.format ?? dataFormat);
  const reserve = new Reserve(root);
  try {
    return await openOnce(root, options, reserve, []);
  } catch (error) {
    if (!fullDisk.test(String(error)) || !(await reserve.release())) throw error;
  }
  const gaveUp = `the disk of ${root} is full: gave up the room set aside in it so as to start; free some space`;
  return await openOnce(root, options, reserve, [gaveUp]);
}

const fullDisk = /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/;

async function openOnce(
  root: string,
  options: DataDirectoryOptions,
  reserve: Reserve,
  mended: string[],
): Promise<DataDirectory> {
  const format = options.format ?? dataFormat;
  await prepare(root);
  const store = await lockedStore(root, options, mended);
  try {
    await migrate(root, store, format, options.migrations ?? {});
    await atomicWrite(join(root, 'run', 'agent.pid'), `${process.pid}\n`);
  } catch (error) {
    await store.close();
    throw error instanceof OpsbroError ? error : unusable(root, error);
  }
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    // It names a holder and locks nothing: on a disk that takes nothing any more it may stay.
    await rm(join(root, 'run', 'agent.pid'), { force: true }).catch(() => undefined);
    await store.close();
    await reserve.settled();
  };
  return {
    path: root,
    run: join(root, 'run'),
    store,
    mended,
    reserve,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

async function prepare(root: string): Promise<void> {
  try {
    for (const path of [root, join(root, 'run'), join(root, 'state')]) await createDirectory(path);
    const probe = join(root, 'run', `.writable-${randomUUID()}`);
    await writeFile(probe, '.', { mode: 0o600 });
    await rm(probe);
  } catch (error) {
    throw unusable(root, error);
  }
}

/** One level at a time: Node's recursive `mkdir` never returns where the kernel answers ENOENT for an existing parent (`/proc`). */
async function createDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path || (await exists(dirname(path)))) throw error;
    await createDirectory(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function lockedStore(root: string, options: StoreOptions, mended: string[]): Promise<Store> {
  const path = join(root, 'state');
  try {
    return await openStore(path, options);
  } catch (error) {
    const code = causeCode(error);
    if (code === 'LEVEL_LOCKED') throw await lockedError(root, error);
    if (code !== 'LEVEL_CORRUPTION') throw unusable(root, error);
  }
  try {
    await repairStore(path);
    const store = await openStore(path, options);
    mended.push(`${path}: was damaged and has been repaired; the newest entries may be missing`);
    return store;
  } catch {
    return await freshStore(root, options, mended);
  }
}

async function freshStore(root: string, options: StoreOptions, mended: string[]): Promise<Store> {
  const path = join(root, 'state');
  const aside = `${path}.corrupt-${Date.now()}`;
  try {
    await rename(path, aside);
    await createDirectory(path);
    const store = await openStore(path, options);
    mended.push(`${path}: was damaged beyond repair; started empty, the old one is kept as ${aside}`);
    return store;
  } catch (error) {
    throw unusable(root, error);
  }
}

async function readFormat(root: string): Promise<number | null> {
  const file = join(root, 'format');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(root, error);
  }
  if (/^[1-9][0-9]{0,5}\n?$/.test(text)) return Number(text);
  const found = JSON.stringify(text.slice(0, 40));
  throw new OpsbroError('OPSBRO_AGENT_DATA', `${file}: expected a format number, found ${found}`);
}

async function refuseNewer(root: string, format: number): Promise<void> {
  const found = await readFormat(root);
  if (found === null || found <= format) return;
  const message = `data directory ${root} has format ${found}, this version knows ${format}; start the version that wrote it or choose another directory with --data`;
  throw new OpsbroError('OPSBRO_AGENT_FORMAT', message, { data: { found, known: format } });
}

async function migrate(
  root: string,
  store: Store,
  format: number,
  migrations: { [format: number]: Migration },
): Promise<void> {
  const found = await readFormat(root);
  if (found === null) return await atomicWrite(join(root, 'format'), `${format}\n`);
  if (found < format) await copyAside(root, store, found);
  for (let from = found; from < format; from += 1) {
    await migrations[from]?.(root, store);
    await atomicWrite(join(root, 'format'), `${from + 1}\n`);
  }
}

/** A complete copy in `<root>/backup-format-<n>`; an earlier one is never overwritten, the next gets `.2`, `.3` and so on. */
async function copyAside(root: string, store: Store, format: number): Promise<void> {
  const base = join(root, `backup-format-${format}`);
  let copy = base;
  for (let count = 2; await exists(copy); count += 1) copy = `${base}.${count}`;
  const partial = `${base}.partial`;
  await rm(partial, { recursive: true, force: true });
  await createDirectory(partial);
  for (const name of await readdir(root)) {
    if (/^(run|state|reserve|backup-format-.*)$/.test(name)) continue;
    await cp(join(root, name), join(partial, name), { recursive: true });
  }
  await store.copyTo(join(partial, 'state'));
  await rename(partial, copy);
}

async function atomicWrite(file: string, text: string): Promise<void> {
  const next = `${file}.next`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}

async function lockedError(root: string, cause: unknown): Promise<OpsbroError> {
  const pid = await readFile(join(root, 'run', 'agent.pid'), 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  const holder = /^[0-9]+$/.test(pid) ? `the agent with pid ${pid}` : 'another process';
  const message = `data directory ${root} is in use by ${holder}; stop it or choose another directory with --data`;
  return new OpsbroError('OPSBRO_AGENT_LOCKED', message, { data: { pid: Number(pid) || null }, cause });
}

function unusable(root: string, cause: unknown): OpsbroError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = inner instanceof Error ? inner.message : String(inner);
  const message = `data directory ${root} cannot be used: ${reason}; it must be writable by the user that runs the agent, or choose another with --data`;
  return new OpsbroError('OPSBRO_AGENT_DATA', message, { cause });
}

function causeCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
}
