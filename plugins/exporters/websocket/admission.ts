import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Json, strangeness } from 'opsbro/sdk';

const protocolPrefix = 'bearer.';
const carriers = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'];

/** A token as the service `http` tells of it. */
interface KnownToken {
  name: string;
  scope: string;
  hash: string;
  expires_at: number | null;
}

/** Who may listen, or why they may not. */
export type Admission = { token: string | null } | { status: number; message: string };

/** What decides who may listen. */
export interface AdmissionRules {
  names: ReadonlySet<string>;
  origins: ReadonlySet<string>;
  anonymous: 'read' | 'none';
}

/** Lets in by the tokens that `http` keeps: those with the right to read. */
export class Doorkeeper {
  readonly #rules: AdmissionRules;
  readonly #now: () => number;
  #tokens: readonly KnownToken[] = [];
  /** What `http` proves itself by, and what is proved to it. It is never sent; that of a start that is over opens nothing. */
  readonly key = randomBytes(32).toString('base64url');

  /** `now` is epoch milliseconds. */
  constructor(rules: AdmissionRules, now: () => number) {
    this.#rules = rules;
    this.#now = now;
  }

  /** Takes the snapshot `tokens`. */
  useTokens(snapshot: Json): void {
    this.#tokens = (snapshot ?? []) as unknown as KnownToken[];
  }

  /** Whether a token still opens. */
  isValid(name: string): boolean {
    return this.#tokens.some((token) => token.name === name && this.#isOpen(token));
  }

  /** Judges a request to listen, before the connection is taken. */
  judge({ headers, socket }: IncomingMessage): Admission {
    const strange = strangeness(headers, this.#rules.names, this.#rules.origins);
    if (strange !== undefined) return strange;
    const carried = this.#carried(headers);
    if (carried !== undefined) return this.#judgeCarried(carried);
    const text = tokenOf(headers.authorization, headers['sec-websocket-protocol']);
    if (text === undefined) {
      const isLocal =
        /^(::1|(::ffff:)?127\.)/.test(socket.remoteAddress ?? '') &&
        carriers.every((name) => headers[name] === undefined);
      if (isLocal && this.#rules.anonymous === 'read') return { token: null };
      return { status: 401, message: "it takes a token: 'opsbro tokens add NAME' makes one" };
    }
    const presented = createHash('sha256').update(text).digest();
    let found: KnownToken | undefined;
    for (const token of this.#tokens) {
      const hash = Buffer.from(token.hash, 'base64url');
      if (hash.length === presented.length && timingSafeEqual(hash, presented)) found = token;
    }
    if (found === undefined || !this.#isOpen(found))
      return { status: 401, message: 'this is no token of this agent, or no longer one' };
    if (found.scope === 'push') return { status: 403, message: `the token '${found.name}' may not read` };
    return { token: found.name };
  }

  /** Proves to `http`, which handed a request over, that this is the service it means; undefined for a request of somebody else. */
  proofFor({ headers }: IncomingMessage): string | undefined {
    if (this.#carried(headers) === undefined) return undefined;
    return this.#prove('websocket', headers['sec-websocket-key'], '');
  }

  /** Name of the token or session, '' for none, of somebody whom `http` judged and hands over. */
  #carried({
    authorization = '',
    'sec-websocket-key': nonce,
  }: IncomingMessage['headers']): string | undefined {
    const [, name = '', proof = ''] = /^Opsbro-Stream ([\w-]*)\.([\w-]+)$/.exec(authorization) ?? [];
    const [found, right] = [Buffer.from(proof), Buffer.from(this.#prove('http', nonce, name))];
    if (found.length !== right.length || !timingSafeEqual(found, right)) return undefined;
    return Buffer.from(name, 'base64url').toString();
  }

  #judgeCarried(name: string): Admission {
    if (name === '' && this.#rules.anonymous === 'read') return { token: null };
    if (name !== '' && this.isValid(name)) return { token: name };
    return { status: 401, message: "it takes a token: 'opsbro tokens add NAME' makes one" };
  }

  #prove(side: 'http' | 'websocket', nonce: string | undefined, name: string): string {
    return createHmac('sha256', this.key)
      .update(`${side}\n${nonce ?? ''}\n${name}`)
      .digest('base64url');
  }

  #isOpen({ expires_at: end }: KnownToken): boolean {
    return end === null || end > this.#now();
  }
}

/** The token of a request. Browsers can name it as a protocol alone, beside the one they ask for. */
function tokenOf(authorization: string | undefined, protocols: string | undefined): string | undefined {
  if (authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
  const named = (protocols ?? '').split(',').map((one) => one.trim());
  return named.find((one) => one.startsWith(protocolPrefix))?.slice(protocolPrefix.length);
}
