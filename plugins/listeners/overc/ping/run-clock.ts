/** Jobs of which it is known when they began; beyond, those that began first are forgotten. */
const mostRuns = 100_000;

/** When runs began, by job and run: only in memory, so that a run that goes over a restart has no length. */
export class RunClock {
  readonly #runs = new Map<string, { job: string; startedMs: number }>();

  start(job: string, rid: string, nowMs: number): void {
    const key = `${job} ${rid}`;
    this.#runs.delete(key);
    this.#runs.set(key, { job, startedMs: nowMs });
    if (this.#runs.size <= mostRuns) return;
    const [oldest] = this.#runs.keys();
    if (oldest !== undefined) this.#runs.delete(oldest);
  }

  /** How long a run took; undefined where nobody said that it began. */
  end(job: string, rid: string, nowMs: number): number | undefined {
    const key = `${job} ${rid}`;
    const run = this.#runs.get(key);
    this.#runs.delete(key);
    return run === undefined ? undefined : nowMs - run.startedMs;
  }

  /** When each job's oldest run that goes on began, monotonic ms. */
  running(): Map<string, number> {
    const found = new Map<string, number>();
    for (const { job, startedMs } of this.#runs.values())
      if (!found.has(job) || startedMs < (found.get(job) as number)) found.set(job, startedMs);
    return found;
  }
}
