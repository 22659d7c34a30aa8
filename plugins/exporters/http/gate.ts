import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { strangeness } from 'opsbro/sdk';
import { type Client, clientOf, countedAs, isLoopback } from './client-address.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { Refusal } from './refuse.ts';
import { scopesOf } from './scopes.ts';
import { csrfHeader, isOwnPage, sessionTexts, type Way } from './sessions/session-cookie.ts';
import type { Token, TokenBook } from './token-book.ts';

/** What a wrong token costs of the requests that its address may make. */
const wrongTokenCost = 10;
const anonymousScopes = scopesOf('read');
const harmless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const realm = { 'www-authenticate': 'Bearer realm="opsbro"' };

/** Who asks, and what they may. */
export interface Caller {
  scopes: ReadonlySet<string>;
  /** Name of the token or session; null for who came without. */
  token: string | null;
  /** When that ends; null for never. */
  expiresAt: number | null;
  /** What a page opened its session with; null for who came without one. */
  session: string | null;
  /** A page of another site sent them here: they are shown what is public. */
  isForeign: boolean;
}

/** Somebody who may do nothing. */
export const nobody: Caller = {
  ...{ scopes: new Set<string>(), token: null, expiresAt: null, session: null, isForeign: false },
};

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
    const { headers, socket, method = '' } = request;
    const { names, origins, proxies, isClear } = this.#options;
    const client = clientOf(socket.remoteAddress, headers, proxies);
    if (isClear && !client.isProxied && !isLoopback(client.address))
      return denied(403, 'other hosts are answered over TLS, or by way of a proxy of trusted_proxies');
    const wait = this.#addresses.take(countedAs(client.address), this.#now());
    if (wait > 0) return tooMany('this address', wait);
    if (open) return { ...nobody, scopes: anonymousScopes };
    const strange = strangeness(headers, names, origins);
    // A link or a picture in a page of another site: what it leads to may be public, and its script sees no answer.
    const isLink = strange?.status === 403 && headers.origin === undefined && harmless.has(method);
    if (isLink && headers.upgrade === undefined) return { ...nobody, isForeign: true };
    if (strange !== undefined) return denied(strange.status, strange.message);
    const { authorization } = headers;
    if (authorization !== undefined) return this.#byToken(client, authorization);
    return this.#bySession(request, this.wayOf(request)) ?? this.#anonymous(client);
  }

  /** Whether a trusted proxy carried a request here. */
  isProxied({ headers, socket }: IncomingMessage): boolean {
    return clientOf(socket.remoteAddress, headers, this.#options.proxies).isProxied;
  }

  /** How a request came. Whether a proxy was asked by TLS it tells itself. */
  wayOf(request: IncomingMessage): Way {
    const { headers, socket } = request;
    const said = String(headers['x-forwarded-proto'] ?? '')
      .split(',')
      .at(-1)
      ?.trim();
    const isSecure = !this.#options.isClear || (said === 'https' && this.isProxied(request));
    return { headers, port: socket.localPort ?? 0, isSecure };
  }

  /** Makes a wrong ticket as dear as a wrong token. */
  chargeWrong({ headers, socket }: IncomingMessage): void {
    const { address } = clientOf(socket.remoteAddress, headers, this.#options.proxies);
    this.#addresses.charge(countedAs(address), wrongTokenCost);
  }

  #anonymous({ isLocal }: Client): Caller {
    const isOpen = this.#options.anonymous === 'read' && isLocal;
    return isOpen ? { ...nobody, scopes: anonymousScopes } : nobody;
  }

  #byToken(client: Client, authorization: string): Caller | Refusal {
    const text = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization)?.[1];
    const token = text === undefined ? undefined : this.#tokens.find(text);
    if (token === undefined) {
      this.#addresses.charge(countedAs(client.address), wrongTokenCost);
      return { ...denied(401, 'this is no token of this agent, or no longer one'), headers: realm };
    }
    return this.#used(token, null);
  }

  /** Who comes with the cookie of a session; undefined for a session that is over, as for none. */
  #bySession({ method = '', headers }: IncomingMessage, way: Way): Caller | Refusal | undefined {
    for (const text of sessionTexts(way)) {
      const token = this.#tokens.find(text, 'session');
      if (token === undefined) continue;
      const isSafe = harmless.has(method) && headers.upgrade === undefined;
      if (!isSafe && !isOwnPage(way))
        return denied(403, 'a session is used by pages of this agent alone: none of them sent this');
      if (!harmless.has(method) && headers[csrfHeader] !== '1')
        return denied(403, `a session changes something by the header '${csrfHeader}: 1' alone`);
      return this.#used(token, text);
    }
    return undefined;
  }

  #used({ name, scope, expiresAt }: Token, session: string | null): Caller | Refusal {
    const wait = this.#tokenUse.take(name, this.#now());
    if (wait > 0) return tooMany(`the token '${name}'`, wait);
    return { ...nobody, scopes: scopesOf(scope), token: name, expiresAt, session };
  }
}

/** Why a caller may not use a route of this scope; undefined where they may. */
export function lack(
  { scopes, token, session, isForeign }: Caller,
  scope: string,
  route: string,
): Refusal | undefined {
  if (scope === 'public' || scopes.has(scope)) return undefined;
  if (isForeign) return denied(403, 'a page of another site may not ask this agent');
  if (session !== null)
    return denied(403, `${route} takes the right '${scope}': 'opsbro web open --scope ${scope}' gives it`);
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
