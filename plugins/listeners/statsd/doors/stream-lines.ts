/** Whole lines of a stream, whatever parts it comes in. A line longer than the limit is passed over to its end. */
export class StreamLines {
  readonly #maxBytes: number;
  readonly #take: (lines: Uint8Array) => void;
  readonly #tooLong: () => void;
  #rest: Buffer = Buffer.alloc(0);
  #isSkipping = false;

  constructor(maxBytes: number, take: (lines: Uint8Array) => void, tooLong: () => void) {
    this.#maxBytes = maxBytes;
    this.#take = take;
    this.#tooLong = tooLong;
  }

  /** Takes the next part. */
  push(part: Buffer): void {
    let from = 0;
    if (this.#isSkipping) {
      const end = part.indexOf(10);
      if (end === -1) return;
      this.#isSkipping = false;
      from = end + 1;
    }
    const bytes =
      this.#rest.length === 0 ? part.subarray(from) : Buffer.concat([this.#rest, part.subarray(from)]);
    this.#rest = Buffer.alloc(0);
    this.#pass(bytes);
  }

  /** The stream has ended: what has no end of line is a line too. */
  end(): void {
    if (this.#rest.length > 0) this.#take(this.#rest);
    this.#rest = Buffer.alloc(0);
  }

  /** In pieces of at most the limit, each of whole lines. */
  #pass(bytes: Buffer): void {
    let from = 0;
    while (from < bytes.length) {
      const most = Math.min(bytes.length, from + this.#maxBytes);
      const last = bytes.lastIndexOf(10, most - 1);
      if (last >= from) {
        this.#take(bytes.subarray(from, last + 1));
        from = last + 1;
      } else if (bytes.length - from < this.#maxBytes) {
        // A copy, since the part belongs to the socket.
        this.#rest = Buffer.from(bytes.subarray(from));
        return;
      } else {
        this.#tooLong();
        const next = bytes.indexOf(10, from);
        if (next === -1) {
          this.#isSkipping = true;
          return;
        }
        from = next + 1;
      }
    }
  }
}
