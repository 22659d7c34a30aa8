import { ahead } from './point-ring.ts';

/** Arrivals closer to each other than this are one. */
const togetherMs = 10;
const mostRemembered = 1000;

/** Remembers when points came that are not safe yet, so that it can be told for how long any of them was not. */
export class Arrivals {
  /** By position: when the first point came that lies before it and behind the one before. */
  readonly #all: { at: number; position: number }[] = [];
  /** The longest that a point was not safe, of those that are. */
  longestMs = 0;

  /** Points up to `position` are there. */
  note(position: number, at: number): void {
    const last = this.#all.at(-1);
    if (last !== undefined && ahead(position, last.position) <= 0) return;
    if (last !== undefined && (at - last.at < togetherMs || this.#all.length >= mostRemembered))
      last.position = position;
    else this.#all.push({ at, position });
  }

  /** Points up to `position` are safe. Returns for how long the oldest of them was not. */
  done(position: number, at: number): number {
    let lateMs = 0;
    while (this.#all.length > 0 && ahead(position, this.#all[0]!.position) >= 0)
      lateMs = Math.max(lateMs, at - this.#all.shift()!.at);
    this.longestMs = Math.max(this.longestMs, lateMs);
    return lateMs;
  }

  /** For how long the oldest point is not safe; 0 where all are. */
  waitingMs(at: number): number {
    return this.#all.length === 0 ? 0 : at - this.#all[0]!.at;
  }
}
