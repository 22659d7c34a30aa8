import type { TimerClock } from '../../../core/clock.ts';

/** A clock that moves only when told; wakes timers in order on the way. */
export class HandClock implements TimerClock {
  #now = 1_700_000_000_000;
  #monotonic = 0;
  /** Timers that fired. */
  wakes = 0;
  /** How much too early timers fire, in ms: those of Node round down. */
  earlyMs = 0;
  #timers: { atMs: number; wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, wake: () => void): () => void {
    const timer = { atMs: this.#monotonic + Math.max(0, delayMs - this.earlyMs), wake };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Moves both clocks and fires what falls due, in order. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (;;) {
      const next = this.#timers
        .filter(({ atMs }) => atMs <= end)
        .sort((left, right) => left.atMs - right.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#move(Math.max(0, next.atMs - this.#monotonic));
      this.wakes += 1;
      next.wake();
    }
    this.#move(end - this.#monotonic);
  }

  /** Both clocks move on while nothing is woken: a process that was stopped. */
  freeze(ms: number): void {
    this.#move(ms);
  }

  /** The wall clock alone jumps. */
  stepWall(ms: number): void {
    this.#now += ms;
  }

  #move(ms: number): void {
    this.#monotonic += ms;
    this.#now += ms;
  }
}
