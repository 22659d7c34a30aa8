/** Answers that are remembered: in a small pool, one of each member. */
const remembered = 64;
/** Fewer say nothing. */
const least = 16;
/** Who takes four times as long as the slowest of them does not answer. */
const patience = 4;
/** No share of the longest wait below this one is waited. */
const leastShare = 0.3;

/** How long members took to answer our pings lately, and how long an answer is worth waiting for by that. */
export class AnswerTimes {
  readonly #times = new Float32Array(remembered);
  #count = 0;

  /** A ping was answered after so long, without help. */
  note(ms: number): void {
    this.#times[this.#count % remembered] = ms;
    this.#count += 1;
  }

  /** How long to wait for an answer, `mostMs` at most and three tenths of it at least: where all answer fast, who is silent for longer is silent. */
  waitMs(mostMs: number): number {
    if (this.#count < least) return mostMs;
    const slowest = this.#times.reduce((one, other) => Math.max(one, other));
    return Math.min(mostMs, Math.max(mostMs * leastShare, slowest * patience));
  }
}
