/** What a member tells of another. */
export type Seen = 'alive' | 'dead';

interface Wait {
  of: readonly string[];
  by: readonly string[];
  seen: Seen;
  isOver(): void;
}

/** What each member of a cluster believes of each, and since when. */
export class Views {
  readonly #views = new Map<string, Map<string, { seen: Seen; atMs: number }>>();
  #wait: Wait | undefined;

  note(by: string, of: string, seen: Seen): void {
    const known = this.#views.get(by) ?? new Map<string, { seen: Seen; atMs: number }>();
    this.#views.set(by, known);
    if (known.get(of)?.seen === seen) return;
    known.set(of, { seen, atMs: performance.now() });
    if (this.#wait?.seen === seen) this.#look();
  }

  /** When each of `by` came to believe what it believes of `of`. */
  times(of: string, by: readonly string[]): number[] {
    return by.map((one) => this.#views.get(one)?.get(of)?.atMs ?? Number.NaN);
  }

  /** Resolves once every one of `by` believes that every one of `of`, itself aside, is so. One wait at a time. Rejects after `limitMs`. */
  async until(seen: Seen, of: readonly string[], by: readonly string[], limitMs: number): Promise<void> {
    const { promise, resolve, reject } = withResolvers();
    this.#wait = { of, by, seen, isOver: resolve };
    const late = (): void =>
      reject(new Error(`after ${limitMs} ms not all saw ${seen}: ${this.#missing().slice(0, 8).join(', ')}`));
    const timer = setTimeout(late, limitMs);
    this.#look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#wait = undefined;
    }
  }

  #look(): void {
    const { of, by, seen, isOver } = this.#wait as Wait;
    const believes = (one: string, other: string): boolean =>
      one === other || this.#views.get(one)?.get(other)?.seen === seen;
    if (by.every((one) => of.every((other) => believes(one, other)))) isOver();
  }

  #missing(): string[] {
    const { of, by, seen } = this.#wait as Wait;
    return by.flatMap((one) =>
      of
        .filter((other) => other !== one && this.#views.get(one)?.get(other)?.seen !== seen)
        .map((other) => `${one} of ${other}`),
    );
  }
}

function withResolvers(): { promise: Promise<void>; resolve(): void; reject(error: Error): void } {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}
