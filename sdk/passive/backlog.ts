import type { PassiveResult } from './report.ts';

/** What the agent is told of a check. */
export type Told = Omit<PassiveResult, 'check'>;

/** Of all results that wait together. */
const mostCharacters = 16 * 1024 * 1024;

/** Results of many checks that wait, in the order in which they came, so that the oldest can go where they grow too many. */
export class Backlog<Owner> {
  readonly #waiting = new Map<Told, Owner>();
  #characters = 0;

  /** The newest. Each result is another object. */
  add(told: Told, owner: Owner): void {
    this.#waiting.set(told, owner);
    this.#characters += told.output.length;
  }

  /** It waits no more. */
  remove(told: Told): void {
    if (this.#waiting.delete(told)) this.#characters -= told.output.length;
  }

  /** Whether it waits. */
  has(told: Told): boolean {
    return this.#waiting.has(told);
  }

  /** The one that has waited for longest, and whose it is, where they are too many. */
  get tooMany(): [Told, Owner] | undefined {
    if (this.#characters <= mostCharacters) return undefined;
    const [oldest] = this.#waiting;
    return oldest;
  }
}
