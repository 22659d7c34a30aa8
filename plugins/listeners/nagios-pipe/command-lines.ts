/** Bytes of a line; Nagios' own bound. */
export const maxLineBytes = 8192;

/**
 * The lines of a FIFO. A writer's parts of up to 4,096 bytes come whole (POSIX's PIPE_BUF), so a line may come in parts, with those of others
 * between them only where it is longer. At most a line is kept.
 */
export class CommandLines {
  readonly #take: (line: string) => void;
  readonly #tooLong: () => void;
  #rest: Buffer = Buffer.alloc(0);
  #isSkipping = false;

  /** `tooLong` is told of each line that is longer than a line may be. */
  constructor(take: (line: string) => void, tooLong: () => void) {
    this.#take = take;
    this.#tooLong = tooLong;
  }

  /** Bytes of a line that has not ended. */
  get waiting(): number {
    return this.#rest.length;
  }

  /** Takes what was read. */
  push(part: Buffer): void {
    let from = 0;
    for (let end = part.indexOf(10); end !== -1; end = part.indexOf(10, from)) {
      this.#add(part.subarray(from, end));
      this.end();
      from = end + 1;
    }
    this.#add(part.subarray(from));
  }

  /** What came so far is a line. */
  end(): void {
    const line = this.#rest.toString('utf8').replace(/\r$/, '');
    this.#rest = Buffer.alloc(0);
    if (line !== '' && !this.#isSkipping) this.#take(line);
    this.#isSkipping = false;
  }

  #add(bytes: Buffer): void {
    if (this.#isSkipping || bytes.length === 0) return;
    if (this.#rest.length + bytes.length > maxLineBytes) {
      this.#isSkipping = true;
      this.#rest = Buffer.alloc(0);
      this.#tooLong();
    } else this.#rest = Buffer.concat([this.#rest, bytes]);
  }
}
