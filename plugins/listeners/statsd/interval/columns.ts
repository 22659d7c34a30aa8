import { type Kind, kind } from '../grammar/kinds.ts';
import { grown, type NameTable } from '../grammar/name-table.ts';

/** What an interval came to, apart from what comes meanwhile. Arrays have one place for each metric. */
export interface Interval {
  bases: string[];
  tags: string[];
  kinds: Uint8Array;
  /** Counters and meters: all of it. Gauges: of the values received. */
  sums: Float64Array;
  /** How many values came; those of timers by their sample rates. */
  counts: Float64Array;
  /** Of gauges. */
  lowest: Float64Array;
  highest: Float64Array;
  last: Float64Array;
  /** Places that nothing was received for begin here. */
  idleFrom: number;
  /** Values of timers: the place in the arrays above, and the value. */
  timers: { owners: Uint32Array; values: Float64Array; length: number };
  /** Members by place; a set that nothing came for has none. */
  sets: Map<number, Set<string>>;
}

/** Values of timers an interval holds. */
export const maxTimerValues = 4_000_000;
/** Members that all sets of an interval hold, and characters of them together. */
export const maxMembers = 500_000;
const maxMemberChars = 16 * 1024 * 1024;
const firstValues = 4096;
/** In place of a metric that was removed after something of it had come. */
const removed = 0xffffffff;
/** Its kind. */
const noKind = 255;

/** What was received since the interval began, by the number of the metric. Nothing here allocates but where it grows. */
export class Columns {
  readonly #table: NameTable;
  #turn = 2;
  /** The turn in which a metric was last touched, 0 where it is forgotten; and its place in this turn. */
  #seen = new Uint32Array(1024);
  #places = new Uint32Array(1024);
  #touched = new Uint32Array(1024);
  #touchedLength = 0;
  #sums = new Float64Array(1024);
  #counts = new Float64Array(1024);
  #lowest = new Float64Array(1024);
  #highest = new Float64Array(1024);
  #last = new Float64Array(1024);
  #owners = new Uint32Array(firstValues);
  #values = new Float64Array(firstValues);
  #length = 0;
  #sets = new Map<number, Set<string>>();
  #members = 0;
  #memberChars = 0;

  constructor(table: NameTable) {
    this.#table = table;
  }

  /** Gauges that have a value: number and value. */
  *gauges(): Generator<[slot: number, value: number]> {
    for (let slot = 0; slot < this.#table.size; slot += 1)
      if (this.#table.kinds[slot] === kind.gauge && this.isKnown(slot)) yield [slot, this.#last[slot]!];
  }

  /** Whether something was received of a metric, and it was not forgotten. */
  isKnown(slot: number): boolean {
    return (this.#seen[slot] ?? 0) > 0;
  }

  /** Sets a gauge as it was, without having received anything. */
  restore(slot: number, value: number): void {
    this.#reach(slot);
    this.#last[slot] = value;
    this.#seen[slot] = this.#turn - 1;
  }

  /** A counter, a meter, a gauge or a timer. False when there is no room. */
  add(slot: number, of: Kind, value: number, rate: number, relative: boolean): boolean {
    if (slot >= this.#seen.length || this.#seen[slot] !== this.#turn) this.#touch(slot);
    if (of === kind.timer) return this.#addTimer(slot, value, rate);
    if (of === kind.gauge) return this.#addGauge(slot, relative ? this.#last[slot]! + value : value);
    this.#sums[slot]! += value * (1 / rate);
    this.#counts[slot]! += 1;
    return true;
  }

  /** False when there is no room. */
  addMember(slot: number, member: string): boolean {
    if (slot >= this.#seen.length || this.#seen[slot] !== this.#turn) this.#touch(slot);
    let members = this.#sets.get(slot);
    if (members === undefined) {
      members = new Set();
      this.#sets.set(slot, members);
    }
    if (members.has(member)) return true;
    if (this.#members >= maxMembers || this.#memberChars + member.length > maxMemberChars) return false;
    this.#members += 1;
    this.#memberChars += member.length;
    // A copy: a part of a line would hold all of that in memory.
    members.add(Buffer.from(member, 'utf16le').toString('utf16le'));
    return true;
  }

  /** Ends the interval and begins another. With `idle`, metrics that nothing was received for follow the others. */
  take(idle: boolean): Interval {
    const slots = this.#slotsOf(idle);
    const { length } = slots;
    const taken: Interval = {
      bases: new Array<string>(length),
      tags: new Array<string>(length),
      kinds: new Uint8Array(length),
      sums: new Float64Array(length),
      counts: new Float64Array(length),
      lowest: new Float64Array(length),
      highest: new Float64Array(length),
      last: new Float64Array(length),
      idleFrom: this.#touchedLength,
      timers: { owners: this.#owners, values: this.#values, length: this.#length },
      sets: new Map([...this.#sets].map(([slot, members]) => [this.#places[slot]!, members])),
    };
    for (let place = 0; place < length; place += 1) {
      const slot = slots[place]!;
      const isHere = slot !== removed;
      taken.bases[place] = isHere ? this.#table.bases[slot]! : '';
      taken.tags[place] = isHere ? this.#table.tags[slot]! : '';
      taken.kinds[place] = isHere ? this.#table.kinds[slot]! : noKind;
      if (!isHere) continue;
      taken.last[place] = this.#last[slot]!;
      if (place >= taken.idleFrom) continue;
      taken.sums[place] = this.#sums[slot]!;
      taken.counts[place] = this.#counts[slot]!;
      taken.lowest[place] = this.#lowest[slot]!;
      taken.highest[place] = this.#highest[slot]!;
    }
    this.#begin();
    return taken;
  }

  #slotsOf(idle: boolean): Uint32Array {
    const touched = this.#touchedLength;
    if (!idle) return this.#touched.slice(0, touched);
    const slots = new Uint32Array(touched + this.#table.size);
    slots.set(this.#touched.subarray(0, touched));
    let length = touched;
    for (let slot = 0; slot < Math.min(this.#table.size, this.#seen.length); slot += 1) {
      if (this.#seen[slot] === 0 || this.#seen[slot] === this.#turn) continue;
      slots[length] = slot;
      length += 1;
    }
    return slots.subarray(0, length);
  }

  #begin(): void {
    this.#owners = new Uint32Array(Math.max(firstValues, this.#length));
    this.#values = new Float64Array(Math.max(firstValues, this.#length));
    this.#length = 0;
    this.#sets = new Map();
    this.#members = 0;
    this.#memberChars = 0;
    this.#touchedLength = 0;
    this.#turn += 1;
  }

  /** Forgets metrics of which nothing came for so many intervals; to be called right after `take`. Returns whether it forgot any. */
  forget(intervals: number): boolean {
    const oldest = this.#turn - intervals;
    const isOld = (slot: number): boolean => (this.#seen[slot] ?? 0) < oldest;
    if (oldest <= 0 || !this.#table.bases.some((_, slot) => isOld(slot))) return false;
    this.#renumber(this.#table.compact((slot) => !isOld(slot)));
    return true;
  }

  /** Forgets these metrics, and what was received of them. */
  remove(slots: Iterable<number>): void {
    for (const slot of slots) {
      if (slot >= this.#seen.length) continue;
      if (this.#seen[slot] === this.#turn) this.#touched[this.#places[slot]!] = removed;
      this.#seen[slot] = 0;
      this.#last[slot] = 0;
      this.#sets.delete(slot);
    }
  }

  /** Values of timers received so far, by number of the metric. */
  timerValues(): Map<number, number[]> {
    const found = new Map<number, number[]>();
    for (let at = 0; at < this.#length; at += 1) {
      const slot = this.#touched[this.#owners[at]!]!;
      if (slot === removed) continue;
      const values = found.get(slot);
      if (values === undefined) found.set(slot, [this.#values[at]!]);
      else values.push(this.#values[at]!);
    }
    return found;
  }

  /** What a counter, meter or gauge stands at. */
  valueOf(slot: number): number {
    if (this.#table.kinds[slot] === kind.gauge) return this.#last[slot] ?? 0;
    return this.#seen[slot] === this.#turn ? (this.#sums[slot] ?? 0) : 0;
  }

  #addTimer(slot: number, value: number, rate: number): boolean {
    const at = this.#length;
    if (at === this.#values.length) {
      if (at >= maxTimerValues) return false;
      const size = Math.min(maxTimerValues, 2 * at);
      this.#owners = grown(this.#owners, new Uint32Array(size));
      this.#values = grown(this.#values, new Float64Array(size));
    }
    this.#owners[at] = this.#places[slot]!;
    this.#values[at] = value;
    this.#length = at + 1;
    this.#counts[slot]! += 1 / rate;
    return true;
  }

  #addGauge(slot: number, value: number): boolean {
    if (!Number.isFinite(value)) return true;
    this.#last[slot] = value;
    this.#sums[slot]! += value;
    if (this.#counts[slot] === 0 || value < this.#lowest[slot]!) this.#lowest[slot] = value;
    if (this.#counts[slot] === 0 || value > this.#highest[slot]!) this.#highest[slot] = value;
    this.#counts[slot]! += 1;
    return true;
  }

  /** Begins a metric in this interval. */
  #touch(slot: number): void {
    this.#reach(slot);
    this.#seen[slot] = this.#turn;
    this.#sums[slot] = 0;
    this.#counts[slot] = 0;
    this.#places[slot] = this.#touchedLength;
    this.#touched[this.#touchedLength] = slot;
    this.#touchedLength += 1;
  }

  #reach(slot: number): void {
    if (slot < this.#seen.length) return;
    const size = 2 * Math.max(slot, this.#seen.length);
    const wide = (from: Float64Array) => grown(from, new Float64Array(size));
    this.#seen = grown(this.#seen, new Uint32Array(size));
    this.#places = grown(this.#places, new Uint32Array(size));
    this.#touched = grown(this.#touched, new Uint32Array(size));
    this.#sums = wide(this.#sums);
    this.#counts = wide(this.#counts);
    this.#lowest = wide(this.#lowest);
    this.#highest = wide(this.#highest);
    this.#last = wide(this.#last);
  }

  #renumber(kept: number[]): void {
    for (const column of [
      this.#seen,
      this.#places,
      this.#sums,
      this.#counts,
      this.#lowest,
      this.#highest,
      this.#last,
    ])
      kept.forEach((slot, next) => {
        column[next] = column[slot] ?? 0;
      });
    // Numbers beyond are given to metrics that begin anew.
    for (const column of [this.#seen, this.#last]) column.fill(0, kept.length);
  }
}
