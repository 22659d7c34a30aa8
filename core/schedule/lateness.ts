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

  /** Quantiles over the window; zeros while nothing was measured. */
  figures(): LatenessFigures {
    const sorted = this.#samples.slice(0, Math.min(this.#count, this.#samples.length)).sort();
    const at = (quantile: number): number =>
      sorted.length === 0
        ? 0
        : Math.round((sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0) * 100) / 100;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}
