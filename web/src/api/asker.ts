import { ApiError } from './request.ts';

/** What an asker tells. */
export interface AskerEvents<Answer> {
  answered(answer: Answer): void;
  failed(error: ApiError): void;
}

/**
 * Asks one path again and again, one request at a time: an answer that is slower than the rounds arrives, or is missed when its time is over,
 * and is not given up for the next round.
 */
export class Asker<Answer> {
  readonly #get: (signal: AbortSignal) => Promise<Answer>;
  readonly #events: AskerEvents<Answer>;
  readonly #ending = new AbortController();
  #isPending = false;
  /** Something changed since the pending request went out: its answer may be of before. */
  #isOwed = false;

  constructor(get: (signal: AbortSignal) => Promise<Answer>, events: AskerEvents<Answer>) {
    this.#get = get;
    this.#events = events;
  }

  /** A round: left out while a request is pending. */
  poll(): void {
    if (!this.#isPending) void this.#ask();
  }

  /** Asks for what is from now on: after a pending request again. */
  reload(): void {
    if (this.#isPending) this.#isOwed = true;
    else void this.#ask();
  }

  /** Nobody wants to know any more. */
  end(): void {
    this.#ending.abort();
  }

  async #ask(): Promise<void> {
    const { signal } = this.#ending;
    this.#isPending = true;
    this.#isOwed = false;
    try {
      const answer = await this.#get(signal);
      if (!signal.aborted) this.#events.answered(answer);
    } catch (error) {
      if (!signal.aborted && error instanceof ApiError) this.#events.failed(error);
    }
    this.#isPending = false;
    if (this.#isOwed && !signal.aborted) void this.#ask();
  }
}
