import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Json, RouteAnswer, RouteRequest } from 'opsbro/sdk';
import { OpsbroError, type PlainError, plainError } from '../../core/errors.ts';
import type { Errand, ErrandRunner } from '../../sandbox/model.ts';
import { owned } from './plain-reply.ts';

/** What a thread sends; `over` says that it no longer waits for an answer. */
type Order =
  | ({ id: number; plugin: string } & ({ errand: Errand } | { route: RouteRequest }))
  | { over: number };
type Answer = { id: number } & ({ value: Json } | { reply: RouteAnswer } | { error: PlainError });

/** Asks, on the main thread, the route that a service's thread named. The answer's bytes are handed on without a copy. */
export type RouteAsker = (plugin: string, request: RouteRequest) => Promise<RouteAnswer>;

/** Errands of one thread that may be under way; a further one is refused. */
const maxWaiting = 64;
/** The store syncs to a disk; one that takes longer is in trouble that the agent tells of itself. */
const deadlineMs = 10_000;

/** Of a pool that keeps nothing: every errand is refused. */
export const refuseErrands: ErrandRunner = () =>
  Promise.reject(new OpsbroError('OPSBRO_AGENT_STORE', 'nothing is kept here'));

/** Of threads that are no service: every request is refused. */
const refuseRoutes: RouteAsker = (plugin) =>
  Promise.reject(new OpsbroError('OPSBRO_API_DENIED', `${plugin} may not ask for routes`));

/** Opens a line on the main thread and gives the end for a thread, to be transferred. It closes when that thread ends. */
export function openErrandLine(run: ErrandRunner, ask: RouteAsker = refuseRoutes): MessagePort {
  const { port1: own, port2: other } = new MessageChannel();
  const running = new Map<number, AbortController>();
  own.on('message', async (order: Order) => {
    if ('over' in order) return running.get(order.over)?.abort(new Error('nobody waits for it'));
    const abort = new AbortController();
    running.set(order.id, abort);
    const { id, plugin } = order;
    const done =
      'route' in order
        ? ask(plugin, order.route).then((reply) => ({ id, reply: { ...reply, body: owned(reply.body) } }))
        : run(plugin, order.errand, abort.signal).then((value) => ({ id, value }));
    const answer: Answer = await done.catch((thrown: unknown) => {
      return { id, error: plainError(thrown, 'OPSBRO_HOST_IO') };
    });
    running.delete(id);
    if (!abort.signal.aborted)
      own.postMessage(answer, 'reply' in answer ? [answer.reply.body.buffer as ArrayBuffer] : []);
  });
  own.on('close', () => {
    for (const abort of running.values()) abort.abort(new Error('its thread is gone'));
  });
  own.unref();
  return other;
}

/** A thread's end of the line. */
export class ErrandLine {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
    port.unref();
  }

  /** Sends an errand to the main thread. Rejects with its error, when `signal` fires, or with `OPSBRO_API_DEADLINE` after ten seconds. */
  async send(plugin: string, errand: Errand, signal: AbortSignal): Promise<Json> {
    const answer = await this.#order({ plugin, errand }, signal, deadlineMs);
    return 'value' in answer ? answer.value : null;
  }

  /** Asks a route. Rejects as `send` does, after `timeoutMs`; an answer that tells of an error is an answer. */
  async ask(
    plugin: string,
    route: RouteRequest,
    signal: AbortSignal,
    timeoutMs = deadlineMs,
  ): Promise<RouteAnswer> {
    const answer = await this.#order({ plugin, route }, signal, timeoutMs);
    if (!('reply' in answer))
      throw new OpsbroError('OPSBRO_API_INVALID', 'the agent answered something else');
    return answer.reply;
  }

  #order(
    order: { plugin: string } & ({ errand: Errand } | { route: RouteRequest }),
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<Exclude<Answer, { error: PlainError }>> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#waiting.size >= maxWaiting)
        throw new OpsbroError(
          'OPSBRO_AGENT_BUSY',
          `${maxWaiting} requests of this thread wait for the agent already`,
        );
      this.#last += 1;
      const id = this.#last;
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abandon);
        this.#waiting.delete(id);
        end();
      };
      const giveUp = (reason: unknown): void => {
        this.#port.postMessage({ over: id } satisfies Order);
        settle(() => reject(reason));
      };
      const abandon = (): void => giveUp(signal.reason);
      const late = new OpsbroError('OPSBRO_API_DEADLINE', `the agent did not answer within ${timeoutMs} ms`);
      const timer = setTimeout(() => giveUp(late), timeoutMs);
      signal.addEventListener('abort', abandon, { once: true });
      this.#waiting.set(id, (answer) =>
        settle(() => ('error' in answer ? reject(errorOf(answer.error)) : resolve(answer))),
      );
      this.#port.postMessage({ id, ...order } satisfies Order);
    });
  }
}

function errorOf({ code, message }: PlainError): Error {
  return Object.assign(new Error(message), { code });
}
