import type { LineParser } from './line-parser.ts';

/** The longest line that is read. */
export const maxLineBytes = 4096;
const newline = 10;

/** Lines of one connection, which come cut anywhere: what is no whole line yet waits here. */
export class LineBuffer {
  readonly #parser: LineParser;
  readonly #source: string;
  #rest: Buffer | null = null;
  #isSkipping = false;

  constructor(parser: LineParser, source: string) {
    this.#parser = parser;
    this.#source = source;
  }

  /** Reads what came; `bytes` may be kept until the next call. A last line without its end is left out: nobody knows whether it is whole. */
  push(bytes: Buffer): void {
    const end = bytes.lastIndexOf(newline) + 1;
    if (end === 0) {
      this.#keep(bytes);
      return;
    }
    let from = 0;
    if (this.#rest !== null || this.#isSkipping) {
      from = bytes.indexOf(newline) + 1;
      this.#join(bytes.subarray(0, from));
    }
    if (from < end) this.#parser.read(bytes, from, end, this.#source);
    if (end < bytes.length) this.#keep(bytes.subarray(end));
  }

  /** The rest of the line that waits. */
  #join(tail: Buffer): void {
    const rest = this.#rest;
    this.#rest = null;
    if (this.#isSkipping || rest === null) {
      this.#isSkipping = false;
      return;
    }
    if (rest.length + tail.length > maxLineBytes) this.#parser.counts.long += 1;
    else this.#parser.read(Buffer.concat([rest, tail]), 0, rest.length + tail.length, this.#source);
  }

  /** The beginning of a line; one that is too long is skipped up to its end. */
  #keep(bytes: Buffer): void {
    if (this.#isSkipping) return;
    const length = (this.#rest?.length ?? 0) + bytes.length;
    if (length <= maxLineBytes) {
      // A copy, so that a small rest does not hold a large buffer.
      this.#rest = Buffer.concat(this.#rest === null ? [bytes] : [this.#rest, bytes]);
      return;
    }
    this.#rest = null;
    this.#isSkipping = true;
    this.#parser.counts.long += 1;
  }
}
