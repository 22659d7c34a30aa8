import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { strangeness } from 'opsbro/sdk';
import { type Client, clientOf, countedAs, isLoopback } from './client-address.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { Refusal } from './refuse.ts';
import { scopesOf } from './scopes.ts';
import type { TokenBook } from './token-book.ts';

/** What a wrong token costs of the requests that its address may make. */
const wrongTokenCost = 10;
const anonymousScopes = scopesOf('read');
const none: ReadonlySet<string> = new Set();
const realm = { 'www-authenticate': 'Bearer realm="opsbro"' };

/** Who asks, and what they may. */
export interface Caller {
  scopes: ReadonlySet<string>;
  /** Name of the token; null for who came without. */
  token: string | null;
}

/** What a gate goes by. */
export interface GateOptions {
  /** Names that clients may ask by, in lower case. */
  names: ReadonlySet<string>;
  /** Origins of other sites whose pages may ask. */
  origins: ReadonlySet<string>;
  proxies: BlockList;
  /** Requests in clear text from other hosts are refused, but for those of proxies. */
  isClear: boolean;
  anonymous: 'read' | 'none';
  /** Requests a second. */
  addressRate: number;
  tokenRate: number;
}

/** Tells for each request who asks and what they may, before anything of it is read but its head. */
export class Gate {
  readonly #options: GateOptions;
  readonly #tokens: Pick<TokenBook, 'find'>;
  readonly #now: () => number;
  readonly #addresses: RateLimiter;
  readonly #tokenUse: RateLimiter;

  /** `now` is monotonic milliseconds. */
  constructor(options: GateOptions, tokens: Pick<TokenBook, 'find'>, now: () => number) {
    this.#options = options;
    this.#tokens = tokens;
    this.#now = now;
    this.#addresses = new RateLimiter(options.addressRate);
    this.#tokenUse = new RateLimiter(options.tokenRate);
  }

  /** Who asks, or why they are refused. With `open` whoever reaches the port may ask: probes, which come by addresses. */
  judge(request: IncomingMessage, open = false): Caller | Refusal {
    const { headers, socket } = request;
    const { names, origins, proxies, isClear } = this.#options;
    const client = clientOf(socket.remoteAddress, headers, proxies);
    if (isClear && !client.isProxied && !isLoopback(client.address))
      return denied(403, 'other hosts are answered over TLS, or by way of a proxy of trusted_proxies');
    const wait = this.#addresses.take(countedAs(client.address), this.#now());
    if (wait > 0) return tooMany('this address', wait);
    if (open) return { scopes: anonymousScopes, token: null };
    const strange = strangeness(headers, names, origins);
    if (strange !== undefined) return denied(strange.status, strange.message);
    return this.#identify(client, headers.authorization);
  }

  #identify(client: Client, authorization: string | undefined): Caller | Refusal {
    if (authorization === undefined) {
      const isOpen = this.#options.anonymous === 'read' && client.isLocal;
      return { scopes: isOpen ? anonymousScopes : none, token: null };
    }
    const text = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization)?.[1];
    const token = text === undefined ? undefined : this.#tokens.find(text);
    if (token === undefined) {
      this.#addresses.charge(countedAs(client.address), wrongTokenCost);
      return { ...denied(401, 'this is no token of this agent, or no longer one'), headers: realm };
    }
    const wait = this.#tokenUse.take(token.name, this.#now());
    if (wait > 0) return tooMany(`the token '${token.name}'`, wait);
    return { scopes: scopesOf(token.scope), token: token.name };
  }
}

/** Why a caller may not use a route of this scope; undefined where they may. */
export function lack({ scopes, token }: Caller, scope: string, route: string): Refusal | undefined {
  if (scopes.has(scope)) return undefined;
  if (token !== null)
    return denied(403, `${route} takes the right '${scope}', which the token '${token}' has not`);
  const message = `${route} takes a token with the right '${scope}': 'opsbro tokens add NAME --scope ${scope}' makes one`;
  return { ...denied(401, message), headers: realm };
}

function denied(status: number, message: string): Refusal {
  return { status, code: 'OPSBRO_API_DENIED', message };
}

function tooMany(who: string, seconds: number): Refusal {
  const message = `${who} asks too often; wait ${seconds} s`;
  return { status: 429, code: 'OPSBRO_AGENT_BUSY', message, headers: { 'retry-after': String(seconds) } };
}
