import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OpsbroError } from '../../core/errors.ts';
import { type Bundle, bundleText, digestText, readBundle } from '../bundle.ts';
import { denied, type LockEntry, syncFolder } from './lock.ts';

/** The folder beside a lock that holds what it pins; a scan of the configuration passes it by. */
export function keptFolder(lock: string): string {
  return join(dirname(lock), '.plugins');
}

/** The file of a kept bundle. */
export function keptPath(lock: string, digest: string): string {
  return join(keptFolder(lock), `${digest}.json`);
}

/** The module of a trusted plugin, the code of its bundle, for `import`. */
export function keptModule(lock: string, digest: string): string {
  return join(keptFolder(lock), `${digest}.mjs`);
}

/**
 * Writes a bundle, and for a trusted plugin its module, so that they are there, whole, before a lock names them. Returns the digest.
 * Throws OPSBRO_HOST_DENIED.
 */
export async function keepBundle(lock: string, bundle: Bundle, trust: boolean): Promise<string> {
  const text = bundleText(bundle);
  const digest = digestText(text);
  const folder = keptFolder(lock);
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await writeWhole(keptPath(lock, digest), text);
    if (trust) await writeWhole(keptModule(lock, digest), bundle.code);
    await syncFolder(folder);
  } catch (cause) {
    throw denied(folder, cause);
  }
  return digest;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  const file = await open(fresh, 'wx', 0o644);
  try {
    await file.writeFile(text);
    await file.chmod(0o644);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

/** Removes what no entry names. What cannot be removed stays: it is run by nobody. */
export async function dropUnnamed(lock: string, entries: readonly LockEntry[]): Promise<void> {
  const named = new Set(entries.map(({ digest }) => digest));
  const folder = keptFolder(lock);
  for (const name of await readdir(folder).catch(() => []))
    if (!named.has(name.replace(/\..*$/, ''))) await rm(join(folder, name), { force: true }).catch(() => {});
}

/**
 * What a lock's entry approves, made sure to be that and nothing else. Throws OPSBRO_PLUGIN_IMPORT when it is gone or was changed, and
 * OPSBRO_PLUGIN_LOCK when it is another plugin's.
 */
export function readKept(lock: string, { name, digest, trust }: LockEntry): Bundle {
  const bundle = readBundle(keptPath(lock, digest), digest);
  const { kind, name: own } = bundle.manifest;
  if (`${kind}/${own}` !== name)
    throw new OpsbroError('OPSBRO_PLUGIN_LOCK', `${lock}: names ${kind}/${own} as ${name}; approve it again`);
  if (trust && !isModule(keptModule(lock, digest), bundle.code))
    throw new OpsbroError(
      'OPSBRO_PLUGIN_IMPORT',
      `${keptModule(lock, digest)}: not the code that was approved; approve the plugin again`,
    );
  return bundle;
}

function isModule(path: string, code: string): boolean {
  const isSafe = (stats: Stats | undefined): stats is Stats =>
    stats !== undefined && (stats.mode & 0o022) === 0 && [0, process.getuid?.()].includes(stats.uid);
  const file = lstatSync(path, { throwIfNoEntry: false });
  // Unlike a bundle it is read once more, by `import`: nobody else may put another in its place.
  if (!isSafe(file) || !file.isFile() || !isSafe(lstatSync(dirname(path), { throwIfNoEntry: false })))
    return false;
  return readFileSync(path, 'utf8') === code;
}
