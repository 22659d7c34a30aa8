/** How many names there may be. */
export interface NameLimits {
  perSource: number;
  inAll: number;
}

/** Sources that are remembered. */
const maxSources = 10_000;

/**
 * Counts the names that each source brought since the start. A source is an address, or a plugin; of more than 10,000 the one that was seen first is
 * forgotten, the limit of all names holds all the same.
 */
export class NameBudget {
  readonly #limits: NameLimits;
  readonly #bySource = new Map<string, number>();

  constructor(limits: NameLimits) {
    this.#limits = limits;
  }

  /** Why a source may bring no further name, while there are `names` in all. */
  refusal(source: string, names: number): 'names' | 'names of its source' | undefined {
    if (names >= this.#limits.inAll) return 'names';
    return (this.#bySource.get(source) ?? 0) >= this.#limits.perSource ? 'names of its source' : undefined;
  }

  count(source: string): void {
    const before = this.#bySource.get(source) ?? 0;
    if (before === 0 && this.#bySource.size >= maxSources) {
      const [first] = this.#bySource.keys();
      this.#bySource.delete(first!);
    }
    this.#bySource.set(source, before + 1);
  }
}
