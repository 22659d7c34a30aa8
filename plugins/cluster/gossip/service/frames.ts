const headBytes = 4;

/** A message behind its length, for a stream. */
export function frame(message: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32BE(message.length);
  return Buffer.concat([head, message]);
}

/** Reads one message from a stream, whatever the pieces. Holds at most twice what came, and copies each byte a few times at most. */
export class FrameReader {
  readonly #maxBytes: number;
  #room: Buffer = Buffer.alloc(0);
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What came until now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The message once it is whole; `bad` when it is too long, or more came than it said. */
  read(chunk: Buffer): Uint8Array | 'more' | 'bad' {
    const came = this.#keep(chunk);
    if (came.length < headBytes) return 'more';
    const length = came.readUInt32BE(0);
    if (length === 0 || length > this.#maxBytes || came.length > headBytes + length) return 'bad';
    return came.length < headBytes + length ? 'more' : came.subarray(headBytes);
  }

  #keep(chunk: Buffer): Buffer {
    const bytes = this.#bytes + chunk.length;
    if (this.#bytes === 0) this.#room = chunk;
    else {
      if (bytes > this.#room.length) {
        // Twice as much each time: pieces of one byte must not cost a copy of all that came before each.
        const room = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#room.length));
        this.#room.copy(room, 0, 0, this.#bytes);
        this.#room = room;
      }
      chunk.copy(this.#room, this.#bytes);
    }
    this.#bytes = bytes;
    return this.#room.subarray(0, bytes);
  }
}
