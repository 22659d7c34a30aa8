import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  allowedNames,
  type Json,
  type RouteAnswer,
  type RouteRequest,
  type RouteView,
  type ServiceContext,
} from 'opsbro/sdk';
import { countedAs, isIn, networks } from './client-address.ts';
import { Door } from './door.ts';
import { type Caller, Gate, nobody } from './gate.ts';
import { type Mounted, mount } from './mount.ts';
import { milliseconds, type Options, tlsFiles } from './options.ts';
import { answerOwn } from './own-routes.ts';
import { Reception } from './reception.ts';
import { judge, refuse } from './refuse.ts';
import type { Way } from './sessions/session-cookie.ts';
import { SessionDesk } from './sessions/session-desk.ts';
import { StreamLine } from './stream/stream-line.ts';
import { type Pair, readPair, watchPair } from './tls-files.ts';
import { TokenBook } from './token-book.ts';

const graceMs = 1000;
/** Where a browser comes with a ticket. */
const ticketPath = '/ui/open';

/** A request of somebody who was let in. */
interface Visit {
  caller: Caller;
  /** `path` is where the browser finds the agent. */
  way: Way & { path: string };
}

/** The service while it runs: a door, tokens, and the routes that now answer there. */
export class HttpExporter {
  readonly #ctx: ServiceContext<Options>;
  readonly #answerTimeoutMs: number;
  readonly #visits = new WeakMap<IncomingMessage, Visit>();
  #door: Door | undefined;
  #desk: SessionDesk | undefined;
  #line: StreamLine | undefined;
  #address = '';
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
    const desk = this.#openDesk(tokens);
    this.#desk = desk;
    const hasPage = () => this.#hasPage;
    onRequest((request) => answerOwn({ tokens, desk, hasPage, ask: (asked) => this.#ask(asked) }, request));
    this.#door = this.#hang(tokens, desk);
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
    const address = await this.#door.open();
    this.#address = address;
    log.info(`listens on ${address}`);
  }

  async close(): Promise<void> {
    this.#endWatch();
    this.#line?.close();
    await this.#door?.close(graceMs);
    await this.#mounted;
    await this.#now?.close();
  }

  get #hasPage(): boolean {
    return this.#routes.includes('"/ui/*');
  }

  #ask(request: RouteRequest): Promise<RouteAnswer> {
    return this.#ctx.ask(request, { timeoutMs: this.#answerTimeoutMs });
  }

  #openDesk(tokens: TokenBook): SessionDesk {
    const { options, clock } = this.#ctx;
    return new SessionDesk({
      ...{ tokens, now: () => clock.now(), hasPage: () => this.#hasPage },
      address: () => addressOf(options, this.#address),
      nodeName: async () => {
        const asked = { route: '/api/v1/agent', method: 'GET', params: {}, query: {}, body: null };
        const { body } = await this.#ask(asked);
        return (JSON.parse(new TextDecoder().decode(body)) as { name?: string }).name ?? '';
      },
    });
  }

  /** Answers somebody who was let in. */
  #respond(
    request: IncomingMessage,
    response: ServerResponse,
    { desk, gate, ...visit }: Visit & { desk: SessionDesk; gate: Gate },
  ): void {
    if (request.url?.split('?', 1)[0] === ticketPath) {
      desk.open(request, response, visit.caller, visit.way).then(
        (isRight) => {
          if (!isRight) gate.chargeWrong(request);
        },
        (error: Error) => refuse(response, judge(error)),
      );
      return;
    }
    this.#visits.set(request, visit);
    this.#now?.respond(request, response);
  }

  /** A door as the options ask for it; a certificate that is replaced is taken up. */
  #hang(tokens: TokenBook, desk: SessionDesk): Door {
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
    const line = new StreamLine({ gate, origins, basePath: options.base_path });
    this.#ctx.subscribe('stream', (door) => line.useDoor(door));
    this.#line = line;
    const reception = new Reception({
      ...{ gate, origins, basePath: options.base_path },
      respond: (request, response, caller, path) =>
        this.#respond(request, response, { desk, gate, caller, way: { ...gate.wayOf(request), path } }),
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
        isUpgrade: (request) => line.isFor(request),
        upgrade: (request, socket, head) => line.take(request, socket, head),
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
      callerOf: (request) => this.#visits.get(request)?.caller ?? nobody,
      ask: async (asked, request, cookie) => {
        const visit = this.#visits.get(request);
        const own = visit && (await this.#desk?.answerCaller(asked, visit.caller, visit.way));
        if (own?.cookie !== undefined) cookie(own.cookie);
        return own?.answer ?? (await this.#ask(asked));
      },
      leftOut: ({ method, path }, why) => this.#ctx.log.warn(`${method} ${path} is not served: ${why}`),
    });
    const old = this.#now;
    this.#now = mounted;
    this.#routes = text;
    await old?.close();
  }
}

/** Where people reach an agent that listens on `listening`: by its first name, and through its proxy where it has one. */
function addressOf({ names, trusted_proxies, base_path }: Options, listening: string): string {
  const { protocol, hostname, port } = new URL(listening);
  const [name] = names;
  if (name !== undefined && trusted_proxies.length > 0) return `https://${name}${base_path}`;
  const isAny = hostname === '0.0.0.0' || hostname === '[::]';
  const host = protocol === 'https:' && name !== undefined ? name : isAny ? '127.0.0.1' : hostname;
  return `${protocol}//${host}:${port}`;
}
