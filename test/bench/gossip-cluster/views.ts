/** What a member tells of another. */
export type Seen = 'alive' | 'dead';

interface Wait {
  of: ReadonlySet<string>;
  by: ReadonlySet<string>;
  seen: Seen;
  /** Pairs that are not so yet. A look at all of them with each note would take the members' processor. */
  missing: number;
  isOver(): void;
}

/** What each member of a cluster believes of each, and since when. */
export class Views {
  readonly #views = new Map<string, Map<string, { seen: Seen; atMs: number }>>();
  #wait: Wait | undefined;

  note(by: string, of: string, seen: Seen): void {
    const known = this.#views.get(by) ?? new Map<string, { seen: Seen; atMs: number }>();
    this.#views.set(by, known);
    const before = known.get(of)?.seen;
    if (before === seen) return;
    known.set(of, { seen, atMs: performance.now() });
    const wait = this.#wait;
    if (wait === undefined || by === of || !wait.by.has(by) || !wait.of.has(of)) return;
    if (seen === wait.seen) wait.missing -= 1;
    else if (before === wait.seen) wait.missing += 1;
    if (wait.missing === 0) wait.isOver();
  }

  /** When each of `by` came to believe what it believes of `of`. */
  times(of: string, by: readonly string[]): number[] {
    return by.map((one) => this.#views.get(one)?.get(of)?.atMs ?? Number.NaN);
  }

  /** Resolves once every one of `by` believes that every one of `of`, itself aside, is so. One wait at a time. Rejects after `limitMs`. */
  async until(seen: Seen, of: readonly string[], by: readonly string[], limitMs: number): Promise<void> {
    const missing = this.#missing(seen, of, by).length;
    if (missing === 0) return;
    const { promise, resolve, reject } = withResolvers();
    this.#wait = { of: new Set(of), by: new Set(by), seen, missing, isOver: resolve };
    const late = (): void => {
      const those = this.#missing(seen, of, by).slice(0, 8).join(', ');
      reject(new Error(`after ${limitMs} ms not all saw ${seen}: ${those}`));
    };
    const timer = setTimeout(late, limitMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#wait = undefined;
    }
  }

  #missing(seen: Seen, of: readonly string[], by: readonly string[]): string[] {
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
