import type { Clock } from 'opsbro/sdk';
import type { LineCounts } from './point-sink.ts';

/** Why a line is left out. */
export type Reason = Exclude<keyof LineCounts, 'points'>;

const whys: { [reason in Reason]: string } = {
  fields: 'it is not a name, a value and a time',
  value: 'its value is no number',
  notFinite: 'its value is not finite',
  time: 'its time is none: seconds since 1970',
  long: 'it is too long',
  refused: 'its name is none, or one too many, or there is no room',
};
const tellEveryMs = 60_000;
const shownBytes = 120;

/** Tells of lines that are left out: what the first one was, then of one a minute at most and how many there were. */
export class LeftOut {
  readonly #clock: Clock;
  readonly #tell: (message: string) => void;
  #untold = 0;
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, tell: (message: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** A line that stands in `bytes`, or begins there, and who sent it. */
  note(reason: Reason, bytes: Buffer, from: number, to: number, source: string): void {
    this.#untold += 1;
    const now = this.#clock.monotonic();
    if (now < this.#nextAt) return;
    const others =
      this.#untold > 1 ? `, as ${this.#untold - 1} others were since the last that was told` : '';
    this.#untold = 0;
    this.#nextAt = now + tellEveryMs;
    const line = bytes.toString('utf8', from, Math.min(to, from + shownBytes)).trim();
    // What a terminal would take for more than text.
    const text = line.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
    this.#tell(`a line of ${source} was left out${others}, since ${whys[reason]}: '${text}'`);
  }
}
