/** Something done every so often, driven by the scheduler's tick. */
export interface Chore {
  everyMs: number;
  run(nowMs: number): void;
}

/** Runs chores from a healthy scheduler tick: when the tick stops, so do they, the watchdog's ping among them. */
export class Chores {
  readonly #due = new Map<Chore, number>();

  constructor(chores: Chore[], nowMs: number) {
    for (const chore of chores) this.#due.set(chore, nowMs + chore.everyMs);
  }

  tick(nowMs: number): void {
    for (const [chore, dueMs] of this.#due) {
      if (nowMs < dueMs) continue;
      this.#due.set(chore, nowMs + chore.everyMs);
      chore.run(nowMs);
    }
  }
}
