import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { OpsbroError } from '../../core/errors.ts';

/** The files of a third-party plugin, each read once: what is hashed, shown, bundled and signed are these bytes. */
export interface PluginSource {
  /** As it was dropped: a folder, or one file that opens with its manifest. */
  readonly path: string;
  readonly isFolder: boolean;
  /** Contents by name relative to the folder, with `/`; of one file, its own name. */
  readonly files: Map<string, Buffer>;
}

/** Where a plugin's npm dependencies are: only the files of it that are bundled count. */
export const dependencyFolder = 'node_modules/';

/** The signature of a folder; of one file it stands beside it, as `NAME.js.sig`. */
export const signatureName = 'plugin.sig';

const maxFiles = 500;
const maxBytes = 4 * 1024 * 1024;
const maxDepth = 16;

/**
 * Reads every file of a plugin, without those whose name begins with a dot and without its dependencies, of which it reads those that are
 * named. Throws OPSBRO_CONFIG_TOO_LARGE over 500 files or 4 MiB, OPSBRO_CONFIG_UNSAFE for links and devices, OPSBRO_CONFIG_UNREADABLE.
 */
export function readSource(path: string, dependencies: readonly string[] = []): PluginSource {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const source: PluginSource = { path, isFolder, files: new Map() };
  if (isFolder) readFolder(source, '');
  else add(source, basename(path), path, constants.O_RDONLY);
  for (const name of dependencies) addDependency(source, name);
  return source;
}

/** Reads one more file, of the plugin's own `node_modules`; once. */
export function addDependency(source: PluginSource, name: string): void {
  const isInside = name.startsWith(dependencyFolder) && !name.split('/').includes('..');
  if (!source.isFolder || !isInside)
    throw new OpsbroError('OPSBRO_CONFIG_UNSAFE', `${name}: is not in the node_modules of ${source.path}`);
  if (!source.files.has(name)) add(source, name, join(source.path, name));
}

/** The files of `node_modules` that were read. */
export function dependenciesOf({ files }: PluginSource): string[] {
  return [...files.keys()].filter((name) => name.startsWith(dependencyFolder)).sort();
}

/** SHA-256 (hex) over all files with their names. The manifest is one of them. */
export function digestSource({ files }: PluginSource): string {
  const hash = createHash('sha256').update('opsbro plugin 1\0');
  for (const name of [...files.keys()].sort()) {
    const content = files.get(name) as Buffer;
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function readFolder(source: PluginSource, prefix: string): void {
  if (prefix.split('/').length > maxDepth) throw tooLarge(source);
  const folder = join(source.path, prefix);
  for (const name of readdirSync(folder).sort()) {
    const relative = `${prefix}${name}`;
    if (name.startsWith('.') || `${relative}/` === dependencyFolder || relative === signatureName) continue;
    const stats = lstatSync(join(folder, name));
    if (stats.isDirectory()) readFolder(source, `${relative}/`);
    else add(source, relative, join(folder, name));
  }
}

function add(source: PluginSource, name: string, path: string, flags = constants.O_NOFOLLOW): void {
  const left = maxBytes - [...source.files.values()].reduce((total, { length }) => total + length, 0);
  const content = source.files.size < maxFiles ? readRegular(path, left, flags) : null;
  if (content === null) throw tooLarge(source);
  source.files.set(name, content);
}

/** null for a file that is larger. A pipe is never waited for, and what grew since it was looked at is cut off. */
function readRegular(path: string, maxLength: number, flags: number): Buffer | null {
  let handle: number | undefined;
  try {
    if (flags === constants.O_NOFOLLOW && !lstatSync(path).isFile()) throw irregular(path);
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw irregular(path);
    if (stats.size > maxLength) return null;
    const bytes = Buffer.alloc(stats.size);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got)
      got = readSync(handle, bytes, length, bytes.length - length, null);
    return bytes.subarray(0, length);
  } catch (cause) {
    if (cause instanceof OpsbroError) throw cause;
    const { code = 'unknown reason' } = cause as { code?: string };
    throw new OpsbroError('OPSBRO_CONFIG_UNREADABLE', `${path}: cannot read the file: ${code}`, { cause });
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function irregular(path: string): OpsbroError {
  return new OpsbroError('OPSBRO_CONFIG_UNSAFE', `${path}: a plugin may hold only files and folders`);
}

function tooLarge({ path }: PluginSource): OpsbroError {
  const limits = `${maxFiles} files, ${maxBytes} bytes and ${maxDepth} folders one in another`;
  return new OpsbroError('OPSBRO_CONFIG_TOO_LARGE', `${path}: a plugin may have ${limits}`);
}
