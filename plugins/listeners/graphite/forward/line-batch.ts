const batchBytes = 16_384;

/** Gathers lines to pieces of at most 16 KiB. */
export class LineBatch {
  readonly #take: (lines: Buffer) => void;
  readonly #bytes = Buffer.allocUnsafe(batchBytes);
  #used = 0;

  /** What `take` is given changes afterwards. */
  constructor(take: (lines: Buffer) => void) {
    this.#take = take;
  }

  add(line: string): void {
    // A character has up to three bytes.
    if (this.#used + line.length * 3 > batchBytes) this.hand();
    this.#used += this.#bytes.write(line, this.#used);
  }

  /** Hands over what there is. */
  hand(): void {
    if (this.#used === 0) return;
    this.#take(this.#bytes.subarray(0, this.#used));
    this.#used = 0;
  }
}
