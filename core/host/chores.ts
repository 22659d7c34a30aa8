import { plainError } from '../errors.ts';

/** Something done every so often, driven by the scheduler's tick. */
export interface Chore {
  everyMs: number;
  run(nowMs: number): void;
}

/** Runs chores from a healthy scheduler tick: when the tick stops, so do they, the watchdog's ping among them. */
export class Chores {
  readonly #due = new Map<Chore, number>();
  readonly #failed: (reason: string) => void;
  /** Why a chore failed last; it is told once. */
  readonly #reasons = new Map<Chore, string>();

  /** `failed` hears of a chore that throws, which takes neither the others nor the agent down. */
  constructor(chores: Chore[], nowMs: number, failed: (reason: string) => void) {
    for (const chore of chores) this.#due.set(chore, nowMs + chore.everyMs);
    this.#failed = failed;
  }

  tick(nowMs: number): void {
    for (const [chore, dueMs] of this.#due) {
      if (nowMs < dueMs) continue;
      this.#due.set(chore, nowMs + chore.everyMs);
      this.#run(chore, nowMs);
    }
  }

  #run(chore: Chore, nowMs: number): void {
    try {
      chore.run(nowMs);
      this.#reasons.delete(chore);
    } catch (thrown) {
      const { message } = plainError(thrown, 'OPSBRO_HOST_IO');
      if (this.#reasons.get(chore) !== message) this.#failed(message);
      this.#reasons.set(chore, message);
    }
  }
}
