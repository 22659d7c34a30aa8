import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, Json, JsonObject, KeyValues } from 'opsbro/sdk';
import { isScope, type Scope } from './scopes.ts';

/** A token opens by the header `Authorization`, a session by a browser's cookie: neither opens in the place of the other. */
export type TokenKind = 'token' | 'session';

const prefixes: { [kind in TokenKind]: string } = { token: 'http/tokens/', session: 'http/sessions/' };
const most: { [kind in TokenKind]: number } = { token: 256, session: 64 };
const namePattern = /^[A-Za-z0-9][\w.@-]{0,63}$/;

/** A token without what opens with it. Times are epoch milliseconds. */
export interface Token {
  name: string;
  kind: TokenKind;
  scope: Scope;
  /** SHA-256 of its text. The text has 256 random bits, so nothing slower is needed to keep it from being guessed. */
  hash: Buffer;
  createdAt: number;
  expiresAt: number | null;
  /** Since the service started. */
  lastUsedAt: number | null;
  /** It opens nothing any more, and is still on the disk. */
  isRevoked: boolean;
}

/** `GET /api/v1/tokens` and `GET /api/v1/sessions`: an array of these. */
export interface TokenView {
  name: string;
  scope: Scope;
  state: 'valid' | 'expired' | 'revoked';
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

/** Why a request to the book cannot be granted. */
export class TokenError extends Error {}

/** The tokens of this agent, kept by `ctx.kv` as hashes. What changes holds from the moment that the change is asked for. */
export class TokenBook {
  readonly #keys: KeyValues;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Token>();
  /** Names that are being written. */
  readonly #adding = new Set<string>();
  readonly #changed: () => void;

  private constructor(keys: KeyValues, clock: Clock, changed: () => void) {
    this.#keys = keys;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Reads what is kept; what cannot be read as a token is passed over. `changed` is called after each change. */
  static async open(
    keys: KeyValues,
    clock: Clock,
    changed: () => void = () => undefined,
  ): Promise<TokenBook> {
    const book = new TokenBook(keys, clock, changed);
    for (const kind of ['token', 'session'] as const)
      for (const key of await keys.list(prefixes[kind])) {
        const token = tokenOf(key.slice(prefixes[kind].length), kind, await keys.get(key));
        if (token !== undefined) book.#tokens.set(token.name, token);
      }
    return book;
  }

  /** Makes a token and resolves with its text, which is kept nowhere. Throws TokenError. */
  async add(
    name: unknown,
    scope: unknown,
    expiresAt: number | null,
    kind: TokenKind = 'token',
  ): Promise<{ text: string; token: TokenView }> {
    if (typeof name !== 'string' || !namePattern.test(name))
      throw new TokenError('a token is named by at most 64 letters, digits and any of ._@-');
    if (!isScope(scope)) throw new TokenError("'scope' is one of read, push, write and admin");
    if (expiresAt !== null && !(expiresAt > this.#clock.now()))
      throw new TokenError("'expires_at' is no time that is to come");
    if (this.#tokens.has(name) || this.#adding.has(name))
      throw new TokenError(`there is a token '${name}'; revoke it first`);
    if (this.#of(kind).length + this.#adding.size >= most[kind])
      throw new TokenError(`there are ${most[kind]} ${kind}s; revoke some`);
    const text = `opsbro_${randomBytes(32).toString('base64url')}`;
    const createdAt = this.#clock.now();
    const token = {
      ...{ name, kind, scope, hash: hashOf(text), createdAt, expiresAt },
      ...{ lastUsedAt: null, isRevoked: false },
    };
    this.#adding.add(name);
    try {
      await this.#keys.put(`${prefixes[kind]}${name}`, keptOf(token));
    } finally {
      this.#adding.delete(name);
    }
    this.#tokens.set(name, token);
    this.#changed();
    return { text, token: this.#view(token) };
  }

  /** Takes a token's rights away at once, then its record; false where there is none. Rejects where the disk refuses: then it comes back with a restart. */
  async revoke(name: string, kind: TokenKind = 'token'): Promise<boolean> {
    const token = this.#tokens.get(name);
    if (token?.kind !== kind) return false;
    token.isRevoked = true;
    this.#changed();
    await this.#keys.delete(`${prefixes[kind]}${name}`);
    this.#tokens.delete(name);
    return true;
  }

  /** By name. */
  list(kind: TokenKind = 'token'): TokenView[] {
    return this.#of(kind)
      .sort((left, right) => (left.name < right.name ? -1 : 1))
      .map((token) => this.#view(token));
  }

  /** Drops the sessions that are over: nobody asks for them again. */
  async forgetEnded(): Promise<void> {
    for (const token of this.#of('session'))
      if (this.#stateOf(token) !== 'valid') await this.revoke(token.name, 'session');
  }

  /** What other services are told, who let people in by the same tokens: hashes of what is not revoked, in base64url. */
  snapshot(): JsonObject[] {
    return [...this.#tokens.values()]
      .filter(({ isRevoked }) => !isRevoked)
      .map(({ name, scope, hash, expiresAt }) => {
        return { name, scope, hash: hash.toString('base64url'), expires_at: expiresAt };
      });
  }

  /** The token that a text opens with, and notes its use. Takes the same time whatever the text is: every hash is compared. */
  find(text: string, kind: TokenKind = 'token'): Token | undefined {
    const presented = hashOf(text);
    let found: Token | undefined;
    for (const token of this.#tokens.values()) if (timingSafeEqual(token.hash, presented)) found = token;
    if (found?.kind !== kind || this.#stateOf(found) !== 'valid') return undefined;
    found.lastUsedAt = this.#clock.now();
    return found;
  }

  #of(kind: TokenKind): Token[] {
    return [...this.#tokens.values()].filter((token) => token.kind === kind);
  }

  #stateOf({ isRevoked, expiresAt }: Token): TokenView['state'] {
    if (isRevoked) return 'revoked';
    return expiresAt !== null && expiresAt <= this.#clock.now() ? 'expired' : 'valid';
  }

  #view(token: Token): TokenView {
    const { name, scope, createdAt, expiresAt, lastUsedAt } = token;
    return {
      ...{ name, scope, state: this.#stateOf(token) },
      created_at: isoText(createdAt) as string,
      expires_at: isoText(expiresAt),
      last_used_at: isoText(lastUsedAt),
    };
  }
}

/** SHA-256 of a secret of 256 random bits. */
export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isoText(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function keptOf({ scope, hash, createdAt, expiresAt }: Token): JsonObject {
  return { scope, hash: hash.toString('base64url'), created: createdAt, expires: expiresAt };
}

function tokenOf(name: string, kind: TokenKind, kept: Json | undefined): Token | undefined {
  const { scope, hash, created, expires } = (kept ?? {}) as { [key: string]: Json | undefined };
  const bytes = Buffer.from(String(hash), 'base64url');
  if (!isScope(scope) || bytes.length !== 32) return undefined;
  return {
    ...{ name, kind, scope, hash: bytes, lastUsedAt: null, isRevoked: false },
    createdAt: Number(created),
    expiresAt: typeof expires === 'number' ? expires : null,
  };
}
