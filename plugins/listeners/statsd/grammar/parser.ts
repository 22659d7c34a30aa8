import type { Columns } from '../interval/columns.ts';
import { type Notice, readNotice } from './events.ts';
import { type Kind, kind, type Reason, reasons } from './kinds.ts';
import { readLine } from './line.ts';
import type { NameTable } from './name-table.ts';
import { maxNameChars, metricName } from './names.ts';

/** The largest packet that is read, bytes. */
export const maxPacketBytes = 8192;

/** What came in, as numbers that only grow. */
export interface Counts {
  packets: number;
  bytes: number;
  /** Lines that are not empty, bad ones too. */
  lines: number;
  /** Values, bad ones apart. */
  metrics: number;
  events: number;
  serviceChecks: number;
  bad: { [reason in Reason]: number };
}

const [newline, colon, pipe, at, hash, dot, minus, plus, underscore] = [10, 58, 124, 64, 35, 46, 45, 43, 95];
const prime = 0x01000193;
/** Powers that are exact, so that a quotient of whole numbers is rounded once, as `Number` rounds the text. */
const powers = Float64Array.from({ length: 16 }, (_, power) => 10 ** power);
const maxDigits = 15;
const shownChars = 120;
const unknown = 255;
/** Kinds by the first letter; `ms` is told by its second one, and sets are read as text. */
const kindByLetter = new Uint8Array(256).fill(unknown);
kindByLetter['c'.charCodeAt(0)] = kind.counter;
kindByLetter['g'.charCodeAt(0)] = kind.gauge;
kindByLetter['h'.charCodeAt(0)] = kind.timer;
kindByLetter['d'.charCodeAt(0)] = kind.timer;
kindByLetter['m'.charCodeAt(0)] = kind.meter;

/**
 * Reads packets. The lines that most programs send, `name:1.5|ms|@0.1|#tags`, are read from their bytes without making anything but
 * numbers; all others as text. Total.
 */
export class Parser {
  readonly counts: Counts = {
    packets: 0,
    bytes: 0,
    lines: 0,
    metrics: 0,
    events: 0,
    serviceChecks: 0,
    bad: Object.fromEntries(reasons.map((reason) => [reason, 0])) as Counts['bad'],
  };
  /** The latest of what was bad, as far as anybody wants to see it; whoever tells of it takes it away. */
  lastBad: { reason: Reason; text: string } | undefined;
  readonly #table: NameTable;
  readonly #columns: Columns;
  readonly #notice: (notice: Notice) => void;
  #decoder = new TextDecoder();

  constructor(table: NameTable, columns: Columns, notice: (notice: Notice) => void) {
    this.#table = table;
    this.#columns = columns;
    this.#notice = notice;
  }

  /** One datagram, or whole lines of a stream. */
  packet(bytes: Uint8Array): void {
    const { length } = bytes;
    this.counts.packets += 1;
    this.counts.bytes += length;
    if (length > maxPacketBytes) {
      this.counts.bad.long_packet += 1;
      return;
    }
    for (let from = 0; from < length; ) {
      let end = from;
      while (end < length && bytes[end] !== newline) end += 1;
      if (end > from) {
        this.counts.lines += 1;
        if (!this.#quick(bytes, from, end)) this.#slow(bytes, from, end);
      }
      from = end + 1;
    }
  }

  /** False when the line is to be read as text; then nothing was done. */
  #quick(bytes: Uint8Array, from: number, end: number): boolean {
    if (bytes[from] === underscore) return false;
    let digest = 0x811c9dc5;
    let place = from;
    for (let byte = bytes[place]; byte !== colon; byte = bytes[place]) {
      digest = Math.imul(digest ^ byte!, prime);
      place += 1;
      if (place === end) return false;
    }
    const nameEnd = place;
    place += 1;
    const sign = bytes[place];
    if (sign === minus || sign === plus) place += 1;
    const first = place;
    let whole = 0;
    let decimals = 0;
    for (
      let digit = bytes[place]! - 48;
      digit >= 0 && digit <= 9 && place < end;
      digit = bytes[place]! - 48
    ) {
      whole = 10 * whole + digit;
      place += 1;
    }
    let digits = place - first;
    if (bytes[place] === dot && place < end) {
      const point = place;
      place += 1;
      for (
        let digit = bytes[place]! - 48;
        digit >= 0 && digit <= 9 && place < end;
        digit = bytes[place]! - 48
      ) {
        whole = 10 * whole + digit;
        place += 1;
      }
      decimals = place - point - 1;
      digits += decimals;
    }
    if (digits === 0 || digits > maxDigits || place + 1 >= end || bytes[place] !== pipe) return false;
    const amount = decimals === 0 ? whole : whole / powers[decimals]!;
    const value = sign === minus ? -amount : amount;
    const relative = sign === minus || sign === plus;
    return this.#quickRest(bytes, from, nameEnd, place + 1, end, digest, value, relative);
  }

  #quickRest(
    bytes: Uint8Array,
    from: number,
    nameEnd: number,
    typeAt: number,
    end: number,
    nameDigest: number,
    value: number,
    relative: boolean,
  ): boolean {
    let of: Kind = kindByLetter[bytes[typeAt]!]!;
    let place = typeAt + 1;
    if (of === kind.meter && place < end && bytes[place] === 115) {
      of = kind.timer;
      place += 1;
      if (value < 0) return false;
    }
    if (of === unknown) return false;
    let rate = 1;
    if (place < end && bytes[place] === pipe && bytes[place + 1] === at) {
      const rateAt = place + 2;
      place = rateEnd(bytes, rateAt, end);
      rate = rateOf(bytes, rateAt, place);
      if (rate === 0) return false;
    }
    let tags = end;
    let digest = Math.imul(nameDigest ^ of, prime);
    if (place < end) {
      if (bytes[place] !== pipe || bytes[place + 1] !== hash) return false;
      tags = place + 2;
      for (place = tags; place < end; place += 1) {
        const byte = bytes[place]!;
        if (byte === pipe) return false;
        digest = Math.imul(digest ^ byte, prime);
      }
    }
    digest ^= digest >>> 15;
    const slot = this.#table.find(bytes, from, nameEnd, of, tags, end, digest);
    if (slot === -1) return this.#learn(bytes, from, nameEnd, of, tags, end, digest, value, rate, relative);
    if (this.#columns.add(slot, of, value, rate, relative)) this.counts.metrics += 1;
    else this.counts.bad.too_many_values += 1;
    return true;
  }

  /** A spelling that is new. */
  #learn(
    bytes: Uint8Array,
    from: number,
    nameEnd: number,
    of: Kind,
    tags: number,
    end: number,
    digest: number,
    value: number,
    rate: number,
    relative: boolean,
  ): boolean {
    const written = this.#text(bytes, from, nameEnd);
    const slot = this.#slot(of, written, this.#text(bytes, tags, end));
    if (slot === -1) return true;
    if (nameEnd - from <= 4 * maxNameChars) this.#table.learn(bytes, from, nameEnd, tags, end, digest, slot);
    if (this.#columns.add(slot, of, value, rate, relative)) this.counts.metrics += 1;
    else this.counts.bad.too_many_values += 1;
    return true;
  }

  #slow(bytes: Uint8Array, from: number, end: number): void {
    const text = this.#text(bytes, from, end);
    if (text.trim() === '') return;
    if (text.startsWith('_e{') || text.startsWith('_sc|')) {
      this.#tell(text.trimEnd());
      return;
    }
    const line = readLine(text);
    if (typeof line === 'string') {
      this.#bad(line, text);
      return;
    }
    for (const sample of line.samples) {
      if (typeof sample === 'string') {
        this.#bad(sample, text);
        continue;
      }
      const slot = this.#slot(sample.kind, line.name, line.tags);
      if (slot === -1) continue;
      const { value, rate, relative } = sample;
      const isTaken =
        sample.kind === kind.set
          ? this.#columns.addMember(slot, sample.text)
          : this.#columns.add(slot, sample.kind, value, rate, relative);
      if (isTaken) this.counts.metrics += 1;
      else this.counts.bad.too_many_values += 1;
    }
  }

  #bad(reason: Reason, text: string): void {
    this.counts.bad[reason] += 1;
    this.lastBad = { reason, text: text.slice(0, shownChars) };
  }

  #tell(text: string): void {
    const notice = readNotice(text);
    if (notice === undefined) this.#bad('bad_event', text);
    else {
      this.counts[notice.topic === 'event' ? 'events' : 'serviceChecks'] += 1;
      this.#notice(notice);
    }
  }

  /** -1, and counted, for what is no name or has no room. */
  #slot(of: Kind, written: string, tags: string): number {
    const name = metricName(written, tags);
    if (name === undefined) {
      this.#bad('bad_name', written);
      return -1;
    }
    const slot = this.#table.intern(of, name.base, name.tags);
    if (slot === -1) this.counts.bad.too_many_names += 1;
    return slot;
  }

  #text(bytes: Uint8Array, from: number, end: number): string {
    return from === end ? '' : this.#decoder.decode(bytes.subarray(from, end));
  }
}

/** The end of digits and dots. */
function rateEnd(bytes: Uint8Array, from: number, end: number): number {
  let place = from;
  while (place < end && (bytes[place] === dot || (bytes[place]! >= 48 && bytes[place]! <= 57))) place += 1;
  return place;
}

/** `0.125` and the like; 0 for what is to be read as text. */
function rateOf(bytes: Uint8Array, from: number, end: number): number {
  let whole = 0;
  let decimals = -1;
  for (let place = from; place < end; place += 1) {
    if (bytes[place] === dot) {
      if (decimals >= 0) return 0;
      decimals = 0;
    } else {
      whole = 10 * whole + bytes[place]! - 48;
      if (decimals >= 0) decimals += 1;
    }
  }
  if (end - from > maxDigits || end === from || decimals === 0) return 0;
  const rate = whole / powers[Math.max(0, decimals)]!;
  return rate <= 1 ? rate : 0;
}
