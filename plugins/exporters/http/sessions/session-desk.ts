import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Json, RouteAnswer, RouteReply, RouteRequest } from 'opsbro/sdk';
import type { Caller } from '../gate.ts';
import { errorBody, refuse, safeHeaders } from '../refuse.ts';
import { isScope, type Scope } from '../scopes.ts';
import { type TokenBook, TokenError } from '../token-book.ts';
import { setCookie, type Way } from './session-cookie.ts';
import { Tickets } from './tickets.ts';

const hourMs = 3_600_000;
const usualMs = 12 * hourMs;
const longestMs = 30 * 24 * hourMs;

/** What a session desk needs. */
export interface DeskParts {
  tokens: TokenBook;
  /** Epoch milliseconds. */
  now(): number;
  /** Where people reach this agent, without a slash at the end. */
  address(): string;
  /** Whether there is a page to look at. */
  hasPage(): boolean;
  /** The name of this node. */
  nodeName(): Promise<string>;
}

/** Opens sessions of the web page by tickets, and tells a page who looks at it. */
export class SessionDesk {
  readonly #parts: DeskParts;
  readonly #tickets: Tickets;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#tickets = new Tickets(() => parts.now());
  }

  /**
   * Answers a browser that comes with a ticket: a cookie, and the way to the page. What merely looks ahead does not use the ticket up, and no page of
   * another site can have a browser open a session. Resolves with false for a ticket that opens nothing.
   */
  async open(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    way: Way & { path: string },
  ): Promise<boolean> {
    const { tokens, now } = this.#parts;
    const purpose = String(request.headers['sec-purpose'] ?? request.headers.purpose ?? '');
    if (request.method !== 'GET' || purpose.includes('prefetch')) {
      refuse(response, denied(403, 'a ticket is opened by a person who asks for it'));
      return true;
    }
    if (caller.isForeign) {
      refuse(response, denied(403, 'a page of another site led here; paste the address into a new tab'));
      return true;
    }
    const ticket = new URL(request.url ?? '', 'http://localhost').searchParams.get('ticket') ?? '';
    const opening = this.#tickets.redeem(ticket);
    if (opening === undefined) {
      refuse(response, denied(403, "this address was used, or is too old: 'opsbro web open' prints another"));
      return false;
    }
    if (caller.session !== null) await tokens.revoke(caller.token ?? '', 'session');
    await tokens.forgetEnded();
    const name = `web-${randomBytes(4).toString('hex')}`;
    const added = await tokens
      .add(name, opening.scope, opening.expiresAt, 'session')
      .catch((error: unknown) => (error instanceof TokenError ? error : Promise.reject(error)));
    if (added instanceof TokenError) {
      refuse(response, denied(503, added.message));
      return true;
    }
    const { text } = added;
    response.writeHead(303, {
      ...safeHeaders,
      'set-cookie': setCookie(way, way.path, text, (opening.expiresAt - now()) / 1000),
      location: './',
      'content-length': 0,
    });
    response.end();
    return true;
  }

  /** Answers `/api/v1/session` to who asks over HTTP; undefined for other routes. */
  async answerCaller(
    { route, method }: RouteRequest,
    caller: Caller,
    way: Way & { path: string },
  ): Promise<{ answer: RouteAnswer; cookie?: string } | undefined> {
    if (route !== '/api/v1/session') return undefined;
    if (method === 'GET') return { answer: encoded(200, await this.#view(caller)) };
    if (caller.session === null) return { answer: encoded(404, noSession()) };
    await this.#parts.tokens.revoke(caller.token ?? '', 'session');
    const answer = encoded(200, { ended: caller.token });
    return { answer, cookie: setCookie(way, way.path, '', 0) };
  }

  /** Answers the routes of sessions to who asks over the socket of the agent, or has the right to manage them. */
  async answer({ route, method, params, body }: RouteRequest): Promise<RouteReply> {
    const { tokens } = this.#parts;
    if (route === '/api/v1/session')
      return method === 'GET'
        ? { status: 200, body: await this.#view(undefined) }
        : { status: 404, body: noSession() };
    if (method === 'GET') return { status: 200, body: tokens.list('session') as unknown as Json };
    if (method === 'DELETE') {
      const { name = '' } = params;
      if (await tokens.revoke(name, 'session')) return { status: 200, body: { revoked: name } };
      return { status: 404, body: errorBody('OPSBRO_API_NOT_FOUND', `no session '${name}'`) };
    }
    if (!this.#parts.hasPage()) {
      const message =
        "this agent shows no page; 'web: { enabled: true }' in a file of its config.d starts that";
      return { status: 404, body: errorBody('OPSBRO_API_NOT_FOUND', message) };
    }
    try {
      return { status: 201, body: this.#issue((body ?? {}) as { [key: string]: Json | undefined }) };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { status: 400, body: errorBody('OPSBRO_API_INVALID', error.message) };
    }
  }

  #issue({ scope = 'read', expires_at = null }: { [key: string]: Json | undefined }): Json {
    const now = this.#parts.now();
    if (!isScope(scope) || scope === 'push')
      throw new TokenError("'scope' of a session is one of read, write and admin");
    const expiresAt = expires_at === null ? now + usualMs : Date.parse(String(expires_at));
    if (!(expiresAt > now && expiresAt <= now + longestMs))
      throw new TokenError("'expires_at' is a time to come, within 30 days");
    const { text, validUntil } = this.#tickets.issue({ scope, expiresAt });
    const path = `/ui/open?ticket=${text}`;
    return {
      ...{ url: `${this.#parts.address()}${path}`, path, scope },
      valid_until: new Date(validUntil).toISOString(),
      expires_at: new Date(expiresAt).toISOString(),
    };
  }

  async #view(caller: Caller | undefined): Promise<Json> {
    const node = await this.#parts.nodeName();
    const { token: name = null, expiresAt = null, scopes } = caller ?? {};
    const scope = scopes === undefined ? 'admin' : widest(scopes);
    return { scope, name, node, expires: expiresAt === null ? null : new Date(expiresAt).toISOString() };
  }
}

function widest(scopes: ReadonlySet<string>): Scope {
  return (['admin', 'write', 'read', 'push'] as const).find((scope) => scopes.has(scope)) ?? 'read';
}

function noSession() {
  return errorBody('OPSBRO_API_NOT_FOUND', 'this is no session, which alone can be ended here');
}

function denied(status: number, message: string) {
  return { status, code: 'OPSBRO_API_DENIED', message };
}

function encoded(status: number, body: Json): RouteAnswer {
  return { status, type: 'application/json', body: new TextEncoder().encode(JSON.stringify(body)) };
}
