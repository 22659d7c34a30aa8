/** How late something was, in ms. */
export interface LatenessFigures {
  p50: number;
  p99: number;
  max: number;
}

/** A window of the last samples with their quantiles: bounded, cheap to write, sorted only when asked. */
export class Lateness {
  readonly #samples: Float32Array;
  #count = 0;

  constructor(window = 12_000) {
    this.#samples = new Float32Array(window);
  }

  add(valueMs: number): void {
    this.#samples[this.#count % this.#samples.length] = valueMs;
    this.#count += 1;
  }

  /** Quantiles over the last `samples` of the window, by default all; zeros while nothing was measured. */
  figures(samples = this.#samples.length): LatenessFigures {
    const sorted = this.#last(Math.min(Math.max(samples, 1), this.#count, this.#samples.length)).sort();
    const at = (quantile: number): number =>
      sorted.length === 0
        ? 0
        : Math.round((sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0) * 100) / 100;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  #last(samples: number): Float32Array {
    const last = new Float32Array(samples);
    for (let index = 0; index < last.length; index += 1)
      last[index] = this.#samples[(this.#count - 1 - index) % this.#samples.length] ?? 0;
    return last;
  }
}
