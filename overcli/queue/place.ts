import { lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Endpoint } from '../endpoint.ts';
import { messageOf } from '../failure.ts';

/** Characters of a file name that every file system takes. */
const maxNameLength = 200;

/**
 * Where reports may wait, the best place first: what OVERCLI_QUEUE names, alone; else /var/lib/overcli for root, `~/.local/state/overcli` for
 * others, and a directory of one's own among the temporary files for those who have no home.
 */
export function queueRoots(env: { [name: string]: string | undefined }, uid: number): string[] {
  if (env.OVERCLI_QUEUE) return [resolve(env.OVERCLI_QUEUE)];
  if (uid === 0) return ['/var/lib/overcli'];
  const state = env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state');
  return [join(state, 'overcli'), join(tmpdir(), `overcli-${uid}`)];
}

/** Makes a directory that its owner alone may enter, unless it is there. Throws when it is somebody else's, or open to others. */
export function privateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`cannot make the directory ${path}: ${messageOf(error)}`, { cause: error });
  }
  if (!isPrivate(path))
    throw new Error(`${path} should be a directory that is yours alone, such as of mode 0700`);
}

/** Whether a directory is there in which nobody else can put reports. */
export function isPrivate(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isDirectory()) return false;
  return found.uid === (process.getuid?.() ?? found.uid) && (found.mode & 0o022) === 0;
}

/** The directory of an endpoint's queue: its host and port, then the name that reports. */
export function queueTarget({ origin, name }: Pick<Endpoint, 'origin' | 'name'>): string {
  const { hostname, port, protocol } = new URL(origin);
  const usualPort = protocol === 'https:' ? '443' : '80';
  const readable = `${encodeURIComponent(hostname)}_${port || usualPort}_${encodeURIComponent(name)}`;
  if (readable.length <= maxNameLength) return readable;
  return `${readable.slice(0, maxNameLength - 9)}_${fingerprint(readable)}`;
}

/** FNV-1a, 32 bits: tells two long names apart. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
