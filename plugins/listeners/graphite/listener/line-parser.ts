import type { LeftOut, Reason } from './left-out.ts';
import { readNumber, secondOf } from './number.ts';
import type { LineCounts, PointSink } from './point-sink.ts';

const newline = 10;
const space = 32;
const dot = 46;
const minus = 45;
const plus = 43;
/** A mantissa of as many digits is exact, and so is a power of ten up to 22: their quotient is rounded once, as by any right reader. */
const exactDigits = 15;
const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const maxTime = 2 ** 32 - 1;

/**
 * Reads lines of `name value time` where they stand in memory: a line that is as most are costs no allocation. What is no such line costs itself
 * alone. One for all connections; nothing of a line is kept.
 */
export class LineParser {
  readonly counts: LineCounts;
  readonly #sink: PointSink;
  readonly #now: () => number;
  readonly #leftOut: Pick<LeftOut, 'note'> | undefined;
  /** Why the line that was read last is none. */
  #reason: Reason = 'fields';
  /** Where the field ends that was read last. */
  #at = 0;
  #number = 0;

  /** `now` is in seconds, for points whose time is -1. */
  constructor(sink: PointSink, counts: LineCounts, now: () => number, leftOut?: Pick<LeftOut, 'note'>) {
    this.#sink = sink;
    this.counts = counts;
    this.#now = now;
    this.#leftOut = leftOut;
  }

  /** Reads the lines of `bytes`, each with its end, from `from` to `to`; the byte before `to` is a newline. */
  read(bytes: Buffer, from: number, to: number, source: string): void {
    let at = from;
    while (at < to) {
      const after = this.#line(bytes, at, source);
      at = after === 0 ? this.#skip(bytes, at, source) : after;
    }
  }

  /** Reads one line; returns where the next begins, 0 when it was none and has to be skipped. */
  #line(bytes: Buffer, from: number, source: string): number {
    let at = from;
    let byte = bytes[at]!;
    while (isBlank(byte)) byte = bytes[++at]!;
    if (byte === newline) return at + 1;
    const name = at;
    let hash = this.#sink.seed;
    while (byte > space) {
      hash = Math.imul(hash ^ byte, 0x01000193);
      byte = bytes[++at]!;
    }
    const nameEnd = at;
    if (!this.#field(bytes, at, false)) return 0;
    const value = this.#number;
    if (!this.#field(bytes, this.#at, true)) return 0;
    const time = this.#number;
    at = this.#at;
    while (isBlank(bytes[at]!)) at += 1;
    if (bytes[at] !== newline) return this.#bad('fields');
    if (Number.isNaN(value)) return this.#bad('notFinite');
    const seconds = secondOf(time, this.#now);
    if (!(seconds >= 1 && seconds <= maxTime)) return this.#bad('time');
    if (!this.#sink.take(bytes, name, nameEnd, hash, seconds, value, source)) return this.#bad('refused');
    this.counts.points += 1;
    return at + 1;
  }

  #bad(reason: Reason): 0 {
    this.counts[reason] += 1;
    this.#reason = reason;
    return 0;
  }

  /** Where the line after one that is left out begins. */
  #skip(bytes: Buffer, from: number, source: string): number {
    const end = bytes.indexOf(newline, from) + 1;
    this.#leftOut?.note(this.#reason, bytes, from, end, source);
    return end;
  }

  /** Reads a number that stands behind blanks from `from` on. */
  #field(bytes: Buffer, from: number, isTime: boolean): boolean {
    let at = from;
    let byte = bytes[at]!;
    if (!isBlank(byte)) return this.#bad('fields') !== 0;
    while (isBlank(byte)) byte = bytes[++at]!;
    if (byte === newline) return this.#bad('fields') !== 0;
    const start = at;
    const isNegative = byte === minus;
    if (isNegative || byte === plus) byte = bytes[++at]!;
    let mantissa = 0;
    let digits = 0;
    let fraction = -1;
    for (; ; byte = bytes[++at]!) {
      if (byte >= 48 && byte <= 57) {
        mantissa = mantissa * 10 + (byte - 48);
        digits += 1;
        if (fraction >= 0) fraction += 1;
      } else if (byte === dot && fraction < 0) fraction = 0;
      else break;
    }
    const isWhole = isBlank(byte) || byte === newline;
    if (!isWhole || digits === 0 || digits > exactDigits) return this.#slowly(bytes, start, isTime);
    const value = fraction > 0 ? mantissa / powers[fraction]! : mantissa;
    this.#number = isNegative ? -value : value;
    this.#at = at;
    return true;
  }

  #slowly(bytes: Buffer, from: number, isTime: boolean): boolean {
    let to = from;
    while (bytes[to]! > space) to += 1;
    const number = readNumber(bytes.toString('latin1', from, Math.min(to, from + 400)));
    if (number === undefined) return this.#bad(isTime ? 'time' : 'value') !== 0;
    this.#number = number;
    this.#at = to;
    return true;
  }
}

/** What stands between fields; a newline ends them. */
function isBlank(byte: number): boolean {
  return byte === space || byte === 9 || byte === 13 || byte === 11 || byte === 12;
}
