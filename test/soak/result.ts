/** What a soak came to. `found` says what went wrong, one line each; it passes when there is nothing. */
export interface SoakResult {
  soak: string;
  rounds: number;
  /** Repeats the same random choices with `--seed`. */
  seed: number;
  pass: boolean;
  found: string[];
  figures: { [name: string]: number };
}

/** How a soak was asked to run. */
export interface SoakOptions {
  /** The share of the full count: 1, or 0.1 with `--tenth`. */
  share: number;
  seed: number;
  /** Tells people one line. */
  say(text: string): void;
}

/** A soak module's one export. Throws only when it could not begin. */
export type Soak = (options: SoakOptions) => Promise<SoakResult>;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of the values. */
export function pick<Value>(values: readonly Value[], random: () => number): Value {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}
