import { BroadcastQueue } from '../broadcast-queue.ts';
import { encodeMessage } from '../codec.ts';
import type { EventMessage } from '../messages.ts';

/** How long an event is kept and told to who joins. */
export const eventKeptMs = 300_000;
/** Events that are kept at a time, by all members together. */
export const eventLimit = 256;
/** The payload of an event, as JSON. */
export const eventPayloadBytes = 512;

/** An id is remembered for longer than its event lives anywhere, so that nobody can tell it twice. */
const rememberedMs = 2 * eventKeptMs;
/** With what a packet holds beside it, an event still fits a datagram. */
const messageBytes = 1000;
const namePattern = /^[A-Za-z0-9][\w.:/-]{0,63}$/;

/** Something that a member told all others. */
export interface ClusterEvent {
  id: string;
  name: string;
  /** Uuid of who told it. Whoever holds the zone's key may tell one in another's name. */
  from: string;
  /** JSON. */
  payload: string;
  ageMs: number;
}

/** An event that is still to be told, and its bytes in a packet. */
interface Waiting {
  message: EventMessage;
  length: number;
}

/** What the events of a cluster are made of. */
export interface ClusterEventsParts {
  /** Uuid of this node. */
  self: string;
  /** Milliseconds that never go back. */
  now(): number;
  /** A name that no event had before, at most 32 characters. */
  newId(): string;
  /** Called once for each event, this node's own too. */
  onEvent?(event: ClusterEvent): void;
}

/**
 * Events that members tell each other: each is known by its id, told once, kept for 300 s, and synced where two exchange their tables. At
 * most 256 are kept; a further one of this node is refused, one of another passes by and is counted.
 */
export class ClusterEvents {
  readonly #parts: ClusterEventsParts;
  readonly #queue = new BroadcastQueue<Waiting>(eventLimit);
  readonly #known = new Map<string, { message: EventMessage; bornMs: number }>();
  #refused = 0;
  #stir: () => void = () => undefined;

  constructor(parts: ClusterEventsParts) {
    this.#parts = parts;
  }

  /** Whether something is still to be told. */
  get isWaiting(): boolean {
    return this.#queue.size > 0;
  }

  /** Who is told from now on whenever something waits to be told. */
  onWaiting(stir: () => void): void {
    this.#stir = stir;
  }

  /** Events of others that were malformed or found no room since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Tells an event to all. Throws RangeError for a name or payload that cannot travel, and where too many are kept. */
  add(name: string, payload: string): ClusterEvent {
    if (!namePattern.test(name))
      throw new RangeError(
        `'${name}' is no name of an event; write at most 64 letters, digits and any of ._:/-`,
      );
    if (Buffer.byteLength(payload) > eventPayloadBytes)
      throw new RangeError(
        `the payload has ${Buffer.byteLength(payload)} bytes as JSON; at most ${eventPayloadBytes} travel`,
      );
    const { self: from, newId } = this.#parts;
    const message: EventMessage = { kind: 'event', id: newId(), name, from, ageMs: 0, payload };
    if (!this.#hasRoom())
      throw new RangeError(`${eventLimit} events are kept for ${eventKeptMs / 1000} s each; try again later`);
    this.#keep(message);
    return { id: message.id, name, from, payload, ageMs: 0 };
  }

  /** Takes what another member passed on. */
  take(message: EventMessage): void {
    this.#forget();
    if (message.ageMs >= eventKeptMs || this.#known.has(message.id)) return;
    if (isSound(message) && this.#hasRoom()) this.#keep(message);
    else this.#refused += 1;
  }

  /** Whether the event is known already. */
  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** Events that are kept now, oldest first; with `name` those called so. */
  list(name?: string): ClusterEvent[] {
    return this.messages()
      .filter((message) => name === undefined || message.name === name)
      .map(({ id, name: own, from, payload, ageMs }) => ({ id, name: own, from, payload, ageMs }))
      .sort((left, right) => right.ageMs - left.ageMs);
  }

  /** What is told to one with whom tables are exchanged. */
  messages(): EventMessage[] {
    this.#forget();
    const now = this.#parts.now();
    return [...this.#known.values()].flatMap(({ message, bornMs }) =>
      now - bornMs < eventKeptMs ? [{ ...message, ageMs: now - bornMs }] : [],
    );
  }

  /** Events of together at most `budgetBytes`, each counted as sent once. */
  broadcasts(budgetBytes: number, sendLimit: number): EventMessage[] {
    return this.#queue.take(budgetBytes, sendLimit).map(({ message }) => message);
  }

  #keep(message: EventMessage): void {
    const { id, name, from, payload, ageMs } = message;
    this.#known.set(id, { message, bornMs: this.#parts.now() - ageMs });
    this.#queue.add(id, { message, length: encodeMessage(message).length });
    this.#stir();
    this.#parts.onEvent?.({ id, name, from, payload, ageMs });
  }

  #hasRoom(): boolean {
    this.#forget();
    return this.#known.size < 2 * eventLimit && this.messages().length < eventLimit;
  }

  #forget(): void {
    const now = this.#parts.now();
    for (const [id, { bornMs }] of this.#known) if (now - bornMs >= rememberedMs) this.#known.delete(id);
  }
}

function isSound(message: EventMessage): boolean {
  const { id, name, payload } = message;
  if (id.length > 32 || !namePattern.test(name) || Buffer.byteLength(payload) > eventPayloadBytes)
    return false;
  try {
    JSON.parse(payload);
    return encodeMessage(message).length <= messageBytes;
  } catch {
    return false;
  }
}
