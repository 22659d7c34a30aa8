import { defineService, type Json, type RouteView, type ServiceContext } from 'opsbro/sdk';
import { Door } from './door.ts';
import { type Mounted, mount } from './mount.ts';
import { milliseconds, type Options } from './options.ts';

/** Without tokens, whoever reaches the port may read, and no more. */
const rights = new Set(['read']);
const graceMs = 1000;

/** The service while it runs: a door, and the routes that now answer there. */
class Http {
  readonly #ctx: ServiceContext<Options>;
  readonly #door: Door;
  readonly #answerTimeoutMs: number;
  #now: Mounted | undefined;
  #routes = '';
  /** Mounting takes turns. */
  #mounted: Promise<void> = Promise.resolve();

  constructor(ctx: ServiceContext<Options>) {
    const { address, port, names, header_timeout, request_timeout, answer_timeout, max_connections } =
      ctx.options;
    this.#ctx = ctx;
    this.#answerTimeoutMs = milliseconds(answer_timeout);
    this.#door = new Door(
      {
        address,
        port,
        names,
        headerTimeoutMs: milliseconds(header_timeout),
        requestTimeoutMs: milliseconds(request_timeout),
        answerTimeoutMs: this.#answerTimeoutMs,
        maxConnections: max_connections,
      },
      (request, response) => this.#now?.respond(request, response),
    );
  }

  /** Listens once the first routes are there. */
  async open(): Promise<void> {
    const { signal, log, subscribe } = this.#ctx;
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      subscribe('routes', (routes) => {
        this.#mounted = this.#mounted
          .then(() => this.#mount(routes))
          .then(resolve, (error: Error) => {
            log.error(`routes cannot be served: ${error.message}`);
            reject(error);
          });
      });
    });
    log.info(`listens on ${await this.#door.open()}`);
  }

  async close(): Promise<void> {
    await this.#door.close(graceMs);
    await this.#mounted;
    await this.#now?.close();
  }

  /** The new routes are ready before the old ones go. */
  async #mount(snapshot: Json): Promise<void> {
    const text = JSON.stringify(snapshot);
    if (text === this.#routes) return;
    const mounted = await mount(snapshot as unknown as RouteView[], {
      rights,
      ask: (request) => this.#ctx.ask(request, { timeoutMs: this.#answerTimeoutMs }),
      leftOut: ({ method, path }, why) => this.#ctx.log.warn(`${method} ${path} is not served: ${why}`),
    });
    const old = this.#now;
    this.#now = mounted;
    this.#routes = text;
    await old?.close();
  }
}

let running: Http | undefined;

/** The route table of the agent over TCP. */
export default defineService<Options>({
  async start(ctx) {
    running = new Http(ctx);
    await running.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
