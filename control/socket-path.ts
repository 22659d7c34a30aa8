import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OpsbroError } from '../core/errors.ts';

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere; some room is kept for its NUL. */
const maxPathBytes = 100;

/** Where the agent of a data directory listens. A path over 100 bytes moves below `/tmp/opsbro-<uid>`, 0700. */
export function socketPath(data: string, uid: number, temporary = '/tmp'): string {
  const path = join(data, 'run', 'opsbro.sock');
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  const hash = createHash('sha256').update(data).digest('hex').slice(0, 16);
  return join(temporary, `opsbro-${uid}`, `${hash}.sock`);
}

/**
 * Makes the directories that the agent's socket needs, private to their owner, and records a socket that moved in `<data>/run/socket`.
 * Called by the agent that holds the data directory's lock, before it listens. Returns the path to listen on. Throws
 * OPSBRO_AGENT_DATA when a directory cannot be made or is not the agent's own.
 */
export function prepareSocket(data: string, uid: number, temporary = '/tmp'): string {
  const run = join(data, 'run');
  const path = socketPath(data, uid, temporary);
  const record = join(run, 'socket');
  try {
    mkdirSync(run, { recursive: true, mode: 0o700 });
    if (dirname(path) === run) {
      rmSync(record, { force: true });
      return path;
    }
    claimPrivate(dirname(path), uid);
    writeFileSync(`${record}.new`, `${path}\n`, { mode: 0o600 });
    renameSync(`${record}.new`, record);
    return path;
  } catch (error) {
    if (error instanceof OpsbroError) throw error;
    throw new OpsbroError(
      'OPSBRO_AGENT_DATA',
      `cannot prepare the socket ${path}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Anybody may make a name in /tmp first, so an existing directory counts only when it is a real one of our own. */
function claimPrivate(directory: string, uid: number): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stat = lstatSync(directory);
  if (!stat.isDirectory() || stat.uid !== uid) {
    throw new OpsbroError(
      'OPSBRO_AGENT_DATA',
      `${directory} belongs to another user (uid ${stat.uid}); remove it or use a data directory with a shorter path`,
    );
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

/**
 * Tells where the agent of a data directory listens, for a client: the recorded path when there is one whose directory belongs to the
 * record's owner, else the usual one. Touches the disk, throws nothing: a missing socket shows when it is dialled.
 */
export function findSocket(data: string): string {
  const usual = join(data, 'run', 'opsbro.sock');
  if (Buffer.byteLength(usual) <= maxPathBytes) return usual;
  const record = join(data, 'run', 'socket');
  try {
    const recorded = readFileSync(record, 'utf8').trim();
    const directory = lstatSync(dirname(recorded));
    if (directory.isDirectory() && directory.uid === lstatSync(record).uid) return recorded;
  } catch {
    // No record: no agent ran here yet, and the usual path is what an error should name.
  }
  return usual;
}
