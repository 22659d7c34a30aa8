import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { DgramSocket } from 'node-unix-socket';
import type { UnixDatagrams } from 'opsbro/sdk';

const require = createRequire(import.meta.url);

/** A Unix datagram socket, which Node itself has not. Loaded here, since most agents need none and need not pay for a native library. */
export function unixDatagramSocket(): DgramSocket {
  const library = require('node-unix-socket') as { DgramSocket: new () => DgramSocket };
  return new library.DgramSocket();
}

/**
 * Takes datagrams at a path, whose file the owner and its group may write to. A socket that an earlier program left there is taken over; one
 * that still listens, or a file that is none, is refused.
 */
export async function takeUnixDatagrams(
  path: string,
  take: (bytes: Uint8Array) => void,
): Promise<UnixDatagrams> {
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before !== undefined) {
    if (!before.isSocket()) throw new Error(`${path} is no socket; give another path, or remove it`);
    if (await isHeard(path)) throw new Error(`${path} is in use`);
    unlinkSync(path);
  }
  const socket = unixDatagramSocket();
  socket.on('error', () => undefined);
  try {
    socket.bind(path);
    chmodSync(path, 0o660);
  } catch (error) {
    socket.close();
    throw new Error(`cannot listen on ${path}: ${(error as Error).message}`, { cause: error });
  }
  const own = lstatSync(path).ino;
  socket.on('data', take);
  let isOpen = true;
  return {
    close() {
      if (!isOpen) return;
      isOpen = false;
      socket.close();
      // Another program may have taken the path meanwhile.
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === own) unlinkSync(path);
    },
  };
}

/** Whether somebody takes what is sent there: an empty datagram says so. */
async function isHeard(path: string): Promise<boolean> {
  const socket = unixDatagramSocket();
  socket.on('error', () => undefined);
  try {
    return await new Promise<boolean>((resolve) => {
      socket.sendTo(Buffer.alloc(0), 0, 0, path, (error) => resolve(error === undefined || error === null));
    });
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
