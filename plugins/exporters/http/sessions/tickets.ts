import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Scope } from '../scopes.ts';
import { hashOf } from '../token-book.ts';

/** How long a ticket may be used, and how many may be: the oldest make room. */
const validMs = 5 * 60_000;
const mostTickets = 16;

/** What a ticket opens. Times are epoch milliseconds. */
export interface Opening {
  scope: Scope;
  /** When the session that it opens is over. */
  expiresAt: number;
}

interface Ticket extends Opening {
  hash: Buffer;
  validUntil: number;
}

/** Tickets open a session once, within minutes. They are kept as hashes, in memory: none outlives the service. */
export class Tickets {
  readonly #now: () => number;
  #tickets: Ticket[] = [];

  /** `now` is epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Makes one; its text is kept nowhere. */
  issue(opening: Opening): { text: string; validUntil: number } {
    const text = randomBytes(32).toString('base64url');
    const validUntil = this.#now() + validMs;
    this.#tickets = [...this.#tickets, { ...opening, hash: hashOf(text), validUntil }].slice(-mostTickets);
    return { text, validUntil };
  }

  /** What a text opens; it opens nothing afterwards. */
  redeem(text: string): Opening | undefined {
    const presented = hashOf(text);
    const found = this.#tickets.filter(({ hash }) => timingSafeEqual(hash, presented))[0];
    this.#tickets = this.#tickets.filter((ticket) => ticket !== found && ticket.validUntil > this.#now());
    return found !== undefined && found.validUntil > this.#now() ? found : undefined;
  }
}
