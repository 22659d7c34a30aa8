/** The gap between two looks from which on nobody is late for what happened in it. */
export const stallMs = 6000;

/**
 * Knows since when a service has been listening without a gap, so that nobody is late for a stall of its own. Monotonic milliseconds.
 * @example `const listeningMs = awake.look(ctx.clock.monotonic());`
 */
export class Wakefulness {
  #listeningMs: number;
  #lookedMs: number;

  constructor(nowMs: number) {
    this.#listeningMs = nowMs;
    this.#lookedMs = nowMs;
  }

  /** To be called often, once a second or so; gives since when. */
  look(nowMs: number): number {
    if (nowMs - this.#lookedMs > stallMs) this.#listeningMs = nowMs;
    this.#lookedMs = nowMs;
    return this.#listeningMs;
  }
}
