import type { IncomingMessage } from 'node:http';
import { allowedNames, type Json, type RouteView, type ServiceContext } from 'opsbro/sdk';
import { countedAs, isIn, networks } from './client-address.ts';
import { Door } from './door.ts';
import { type Caller, Gate } from './gate.ts';
import { type Mounted, mount } from './mount.ts';
import { milliseconds, type Options, tlsFiles } from './options.ts';
import { answerOwn } from './own-routes.ts';
import { Reception } from './reception.ts';
import { type Pair, readPair, watchPair } from './tls-files.ts';
import { TokenBook } from './token-book.ts';

const graceMs = 1000;
const nobody: Caller = { scopes: new Set(), token: null };

/** The service while it runs: a door, tokens, and the routes that now answer there. */
export class HttpExporter {
  readonly #ctx: ServiceContext<Options>;
  readonly #answerTimeoutMs: number;
  readonly #callers = new WeakMap<IncomingMessage, Caller>();
  #door: Door | undefined;
  #endWatch: () => void = () => undefined;
  #now: Mounted | undefined;
  #routes = '';
  /** Mounting takes turns. */
  #mounted: Promise<void> = Promise.resolve();

  constructor(ctx: ServiceContext<Options>) {
    this.#ctx = ctx;
    this.#answerTimeoutMs = milliseconds(ctx.options.answer_timeout);
  }

  /** Listens once tokens and the first routes are there. */
  async open(): Promise<void> {
    const { signal, log, subscribe, kv, clock, publish, onRequest } = this.#ctx;
    signal.throwIfAborted();
    const tokens: TokenBook = await TokenBook.open(kv, clock, () => publish('tokens', tokens.snapshot()));
    publish('tokens', tokens.snapshot());
    onRequest((request) =>
      answerOwn(
        { tokens, ask: (asked) => this.#ctx.ask(asked, { timeoutMs: this.#answerTimeoutMs }) },
        request,
      ),
    );
    this.#door = this.#hang(tokens);
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
    this.#endWatch();
    await this.#door?.close(graceMs);
    await this.#mounted;
    await this.#now?.close();
  }

  /** A door as the options ask for it; a certificate that is replaced is taken up. */
  #hang(tokens: TokenBook): Door {
    const { options, clock, log } = this.#ctx;
    const proxies = networks(options.trusted_proxies);
    const files = tlsFiles(options);
    const origins = new Set(options.origins);
    const gate = new Gate(
      {
        names: allowedNames(options.address, options.names),
        isClear: files === undefined,
        anonymous: options.anonymous,
        addressRate: options.address_rate,
        tokenRate: options.token_rate,
        ...{ origins, proxies },
      },
      tokens,
      () => clock.monotonic(),
    );
    const reception = new Reception({
      ...{ gate, origins, basePath: options.base_path },
      respond: (request, response, caller) => {
        this.#callers.set(request, caller);
        this.#now?.respond(request, response);
      },
    });
    const door = new Door(
      {
        address: options.address,
        port: options.port,
        pair: files && this.#pairOf(files),
        headerTimeoutMs: milliseconds(options.header_timeout),
        requestTimeoutMs: milliseconds(options.request_timeout),
        answerTimeoutMs: this.#answerTimeoutMs,
        maxConnections: options.max_connections,
        maxConnectionsOfClient: options.max_connections_per_address,
        clientOf: (address) => (isIn(proxies, address) ? undefined : countedAs(address)),
      },
      (request, response) => reception.receive(request, response),
    );
    if (files !== undefined)
      this.#endWatch = watchPair(
        files,
        (pair) => {
          door.usePair(pair);
          this.#ctx.state.tls = [files.certificate, files.key];
          log.info(`uses the new ${files.certificate}`);
        },
        (error) => log.warn(`keeps the certificate it has: ${error.message}`),
      );
    return door;
  }

  /** The pair of the options; where that is none, the one that was used last, until it is. */
  #pairOf({ certificate, key }: { certificate: string; key: string }): Pair {
    const { state, log } = this.#ctx;
    const [lastCertificate, lastKey] = Array.isArray(state.tls) ? state.tls.map(String) : [];
    try {
      const pair = readPair(certificate, key);
      state.tls = [certificate, key];
      return pair;
    } catch (error) {
      if (lastCertificate === undefined || lastKey === undefined) throw error;
      if (lastCertificate === certificate && lastKey === key) throw error;
      const pair = readPair(lastCertificate, lastKey);
      log.error(`goes on with ${lastCertificate} until it can use the new one: ${(error as Error).message}`);
      return pair;
    }
  }

  /** The new routes are ready before the old ones go. */
  async #mount(snapshot: Json): Promise<void> {
    const text = JSON.stringify(snapshot);
    if (text === this.#routes) return;
    const mounted = await mount(snapshot as unknown as RouteView[], {
      callerOf: (request) => this.#callers.get(request) ?? nobody,
      ask: (request) => this.#ctx.ask(request, { timeoutMs: this.#answerTimeoutMs }),
      leftOut: ({ method, path }, why) => this.#ctx.log.warn(`${method} ${path} is not served: ${why}`),
    });
    const old = this.#now;
    this.#now = mounted;
    this.#routes = text;
    await old?.close();
  }
}
