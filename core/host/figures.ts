import { EmittedEvents } from '../board/emitted.ts';

const window = 128;

/**
 * What the agent counts of a plugin since its start. Durations are ms, heap is bytes of the thread after its last run, `restarts` are threads
 * that its runs took down.
 */
export interface PluginFigures {
  runs: number;
  errors: number;
  timeouts: number;
  restarts: number;
  lastMs: number | null;
  p99Ms: number | null;
  heapBytes: number | null;
  /** Of the last run: its error code, null when it went well. */
  lastError: string | null;
}

const timeouts: readonly (string | null)[] = ['OPSBRO_PLUGIN_TIMEOUT', 'OPSBRO_EXPRESSION_TIMEOUT'];
const fatal: readonly (string | null)[] = [
  'OPSBRO_PLUGIN_TIMEOUT',
  'OPSBRO_PLUGIN_EXITED',
  'OPSBRO_PLUGIN_MEMORY',
];

/** Counts one plugin's runs; the 99th percentile is of its last 128. */
export class RunCounter {
  readonly emitted = new EmittedEvents();
  readonly #durations = new Float64Array(window);
  #measured = 0;
  #runs = 0;
  #errors = 0;
  #timeouts = 0;
  #restarts = 0;
  #lastMs: number | null = null;
  #heapBytes: number | null = null;
  #lastError: string | null = null;

  /**
   * Counts a run; `code` is its error code, null when it did what it should. `heapBytes` is 0 when its thread did not outlive it, null when it
   * has no thread of its own.
   */
  ran(durationMs: number, code: string | null, heapBytes: number | null = null): void {
    this.#runs += 1;
    if (code !== null) this.#errors += 1;
    if (timeouts.includes(code)) this.#timeouts += 1;
    if (heapBytes === 0 && fatal.includes(code)) this.#restarts += 1;
    this.#durations[this.#measured % window] = durationMs;
    this.#measured += 1;
    this.#lastMs = durationMs;
    this.#lastError = code;
    if (heapBytes !== null && heapBytes > 0) this.#heapBytes = heapBytes;
  }

  figures(): PluginFigures {
    const sorted = this.#durations.slice(0, Math.min(this.#measured, window)).sort();
    return {
      runs: this.#runs,
      errors: this.#errors,
      timeouts: this.#timeouts,
      restarts: this.#restarts,
      lastMs: this.#lastMs,
      p99Ms: sorted[Math.ceil(0.99 * sorted.length) - 1] ?? null,
      heapBytes: this.#heapBytes,
      lastError: this.#lastError,
    };
  }
}
