import type { Trouble, TroubleRecord } from '../trouble.ts';
import type { OutboxEntry } from './entry.ts';

/** How long the loss of a notification is trouble, also when the next one was delivered. */
const lossMs = 60_000;
/** How long all tries of a handler fail until others should know. */
const silentMs = 600_000;

/** A handler as others are told of it. */
export interface TroubledHandler {
  id: string;
  name: string;
  /** For how long all its tries have failed, and why the last one did; null when that went well. */
  failing: { forMs: number; reason: string } | null;
}

/** Which handlers gave up notifications, or take none for too long. */
export class HandlerTroubles {
  /** Handlers that gave up notifications, and whether they delivered since. */
  readonly #losses = new Map<string, { at: number; reason: string; isOver: boolean }>();

  /** An entry was delivered or given up at `at`, epoch ms. */
  settled({ handler, event, lastError }: OutboxEntry, outcome: 'delivered' | 'given-up', at: number): void {
    const loss = this.#losses.get(handler);
    if (outcome === 'delivered' && loss !== undefined) loss.isOver = true;
    // Two handlers that both fail would tell each other of it for ever.
    if (outcome === 'given-up' && event.type !== 'agent')
      this.#losses.set(handler, { at, reason: lastError, isOver: false });
  }

  /** Takes over what an earlier agent found: it lasts until the handler delivers. */
  restore({ kind, object, isOpen, since, text }: TroubleRecord): void {
    if (kind === 'handler' && isOpen) this.#losses.set(object, { at: since, reason: text, isOver: false });
  }

  /** What is wrong with the handlers that there are at `at`, epoch ms. */
  found(handlers: readonly TroubledHandler[], at: number): Trouble[] {
    const named = new Map(handlers.map((handler) => [handler.id, handler.name]));
    for (const [id, { isOver, at: lostAt }] of this.#losses)
      if (!named.has(id) || (isOver && Math.abs(at - lostAt) >= lossMs)) this.#losses.delete(id);
    const lost = [...this.#losses].map(([id, { reason }]) =>
      handlerTrouble(id, named.get(id), `gave up a notification: ${reason}`),
    );
    const silent = handlers.flatMap(({ id, name, failing }) =>
      failing === null || failing.forMs < silentMs || this.#losses.has(id)
        ? []
        : [
            handlerTrouble(
              id,
              name,
              `has delivered nothing for ${minutes(failing.forMs)}: ${failing.reason}`,
            ),
          ],
    );
    return [...lost, ...silent];
  }
}

function handlerTrouble(object: string, name: string | undefined, what: string): Trouble {
  const handler = `handler ${name ?? object}`;
  return { kind: 'handler', object, text: `${handler} ${what}`, over: `${handler} delivers again` };
}

function minutes(ms: number): string {
  return `${Math.floor(ms / 60_000)} minutes`;
}
