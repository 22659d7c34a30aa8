import { closeSync, constants, openSync, readSync, statSync, unlinkSync } from 'node:fs';

/** `O_NOFOLLOW` and `O_NONBLOCK`: a lane of another user can put whatever it likes in its own directory. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** How far back a cut goes to end at the end of a word. */
const longestWord = 4096;
let room = Buffer.allocUnsafe(65_537);

/** What a command wrote. */
export interface Output {
  text: string;
  truncated: boolean;
}

/**
 * Reads the first `maxBytes` of a command's output file and unlinks it, so that what a leftover writes into it later is seen by nobody.
 * An output that is cut ends before the word that the cut falls into. Null when there is no such file.
 */
export function takeOutput(path: string, maxBytes: number): Output | null {
  let file: number;
  try {
    file = openSync(path, flags);
  } catch {
    return null;
  }
  try {
    if (room.length <= maxBytes) room = Buffer.allocUnsafe(maxBytes + 1);
    // One byte more tells whether there is more, and costs less than to ask for the size.
    const length = readSync(file, room, 0, maxBytes + 1, 0);
    if (length <= maxBytes) return { text: room.toString('utf8', 0, length), truncated: false };
    return { text: room.toString('utf8', 0, wordEnd(room, maxBytes)), truncated: true };
  } catch {
    return null;
  } finally {
    closeSync(file);
    removeOutput(path);
  }
}

function wordEnd(bytes: Buffer, length: number): number {
  for (let at = length; at > Math.max(0, length - longestWord); at -= 1) {
    const byte = bytes[at - 1];
    if (byte === 0x20 || byte === 0x0a) return at;
  }
  return length;
}

/** How much a command has written by now; 0 when nobody can tell. */
export function outputSize(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    // The command made a link to itself of it, or is gone by now.
    return 0;
  }
}

/** Unlinks an output file; its absence is no error. */
export function removeOutput(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The command removed it.
  }
}
