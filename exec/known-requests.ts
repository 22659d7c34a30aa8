import type { CheckRun, CommandRequest } from './command.ts';

/** Letters of the requests that go by numbers at most: the thread holds each of them twice, and has 128 MiB for all. */
const maxLetters = 8_000_000;

/** A request that came more than once. */
export interface Known {
  /** Its number on every thread that has been told of it. */
  slot: number;
  /** The thread that knows it by its number; null for none. */
  taught: object | null;
  /** How its last run ended that this thread told in full; null where it will not refer to that. */
  last: CheckRun | null;
}

/**
 * Recognises requests that are handed in again as the same object, as those of checks are: thousands of times the same words need not be
 * copied from thread to thread. Holds nothing that its owner has let go.
 */
export class KnownRequests {
  readonly #most: number;
  #known = new WeakMap<CommandRequest, Known>();
  #slots = 0;
  #letters = 0;

  /** Gives `most` numbers, fewer where what goes by them is long. */
  constructor(most: number) {
    this.#most = most;
  }

  /** No number is left; its owner then forgets. */
  get isFull(): boolean {
    return this.#slots >= this.#most || this.#letters >= maxLetters;
  }

  /** What is known of a request; null when it comes for the first time. */
  of(request: CommandRequest): Known | null {
    const known = this.#known.get(request);
    if (known === undefined) {
      this.#known.set(request, { slot: 0, taught: null, last: null });
      return null;
    }
    if (known.slot === 0) {
      this.#slots += 1;
      known.slot = this.#slots;
      this.#letters += lettersOf(request);
    }
    return known;
  }

  /** Begins anew, and gives all numbers again. */
  forget(): void {
    this.#known = new WeakMap();
    this.#slots = 0;
    this.#letters = 0;
  }
}

function lettersOf({ argv, shell, stdin, environment = {} }: CommandRequest): number {
  const texts = [...(argv ?? []), shell ?? '', stdin ?? '', ...Object.entries(environment).flat()];
  return texts.reduce((sum, text) => sum + text.length, 0);
}
