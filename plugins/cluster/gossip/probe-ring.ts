import type { Random } from './transport.ts';

/** The numbers below `count` in random order, each made when it is asked for: who takes few pays for few (Fisher and Yates). */
export function* randomOrder(count: number, random: Random): Generator<number> {
  const moved = new Map<number, number>();
  for (let left = count; left > 0; left -= 1) {
    const at = Math.floor(random() * left);
    yield moved.get(at) ?? at;
    moved.set(at, moved.get(left - 1) ?? left - 1);
  }
}

/**
 * Whom to probe next: everybody once in random order, then everybody again in another, so that the time to the first probe
 * of a member is bounded (SWIM, section 4.3).
 */
export class ProbeRing {
  readonly #random: Random;
  #round: readonly string[] = [];
  #places: Iterator<number> = [].values();
  #left = 0;
  #added: string[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** A member joins the present round at a random place. */
  add(uuid: string): void {
    this.#added.push(uuid);
  }

  /** The next of those that `isTarget` accepts; `all` begins the next round. */
  next(all: () => readonly string[], isTarget: (uuid: string) => boolean): string | undefined {
    for (let rounds = 0; rounds < 2; rounds += 1) {
      let uuid = this.#draw();
      while (uuid !== undefined && !isTarget(uuid)) uuid = this.#draw();
      if (uuid !== undefined) return uuid;
      this.#round = all();
      this.#left = this.#round.length;
      this.#places = randomOrder(this.#left, this.#random);
    }
    return undefined;
  }

  /** One of those that are left of the round, each with the same chance. */
  #draw(): string | undefined {
    const added = this.#added.length;
    const at = added === 0 ? 0 : Math.floor(this.#random() * (added + this.#left));
    if (at < added) {
      const uuid = this.#added[at] as string;
      this.#added[at] = this.#added.at(-1) as string;
      this.#added.pop();
      return uuid;
    }
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    return this.#round[this.#places.next().value as number];
  }
}
