import type { Random, Timers } from '../transport.ts';

interface Alarm {
  atMs: number;
  serial: number;
  run: (() => void) | undefined;
}

/** Time that stands still until it is moved, by steps of an eighth of a millisecond: half an hour of it is exact in 32-bit floats. Alarms of one moment ring in the order in which they were set. */
export class VirtualTime implements Timers {
  #nowMs = 0;
  #serial = 0;
  /** A binary heap: the next alarm is first. */
  readonly #heap: Alarm[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    this.#serial += 1;
    const alarm: Alarm = {
      atMs: Math.round((this.#nowMs + Math.max(0, delayMs)) * 8) / 8,
      serial: this.#serial,
      run,
    };
    this.#push(alarm);
    return () => {
      alarm.run = undefined;
    };
  }

  /** Moves on by `durationMs`, ringing what falls due. */
  pass(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    this.until(() => false, durationMs);
    this.#nowMs = endMs;
  }

  /** Moves on until `isTrue`, at most by `limitMs`; looks after every alarm. Whether it came true. */
  until(isTrue: () => boolean, limitMs: number): boolean {
    const endMs = this.#nowMs + limitMs;
    while (!isTrue()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) {
        this.#nowMs = endMs;
        return isTrue();
      }
      this.#pop();
      this.#nowMs = next.atMs;
      next.run?.();
    }
    return true;
  }

  #push(alarm: Alarm): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(alarm);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(alarm, heap[parent] as Alarm)) break;
      heap[at] = heap[parent] as Alarm;
      at = parent;
    }
    heap[at] = alarm;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Alarm;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Alarm, heap[child] as Alarm)) child += 1;
      if (!isBefore(heap[child] as Alarm, last)) break;
      heap[at] = heap[child] as Alarm;
      at = child;
    }
    heap[at] = last;
  }
}

/** The same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function isBefore(a: Alarm, b: Alarm): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.serial < b.serial);
}
