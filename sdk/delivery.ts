import type { Context } from './context.ts';
import type { HttpRequest, HttpResponse } from './network.ts';
import { parseWebAddress } from './web-address.ts';

/** What an error of a failed delivery may tell the agent. */
export interface DeliveryHints {
  /** How long the service asks to wait. */
  retryAfterMs?: number;
  /** True: trying again is no use until somebody changes something; the event goes to the dead letters. */
  permanent?: boolean;
}

/**
 * A service did not take a notification. The agent reads `code`, `retryAfterMs` and `permanent` and tries again, or not.
 * @example `throw new DeliveryError('chat.example.org: the channel is archived', { permanent: true });`
 */
export class DeliveryError extends Error implements DeliveryHints {
  readonly code = 'OPSBRO_HOST_DELIVERY';
  readonly retryAfterMs?: number;
  readonly permanent: boolean;
  /** What the service answered, secrets and all: not among what is shown of an error. */
  readonly answer?: HttpResponse;

  constructor(message: string, hints: DeliveryHints = {}, answer?: HttpResponse) {
    super(message);
    this.name = 'DeliveryError';
    Object.defineProperty(this, 'answer', { value: answer, enumerable: false });
    if (hints.retryAfterMs !== undefined) this.retryAfterMs = hints.retryAfterMs;
    this.permanent = hints.permanent ?? false;
  }
}

/** What `deliver` sends: a request and what is secret in it. */
export interface Delivery extends HttpRequest {
  /** Sent as `body` with the content type of JSON. */
  json?: unknown;
  /** Texts that no error may show, beside all of the URL after its host. */
  secrets?: string[];
}

const maxQuoted = 300;
const maxRetryAfterMs = 24 * 3600 * 1000;

/**
 * True for the statuses that another try may change: 408, 421, 425, 429 and those of the server's side, but for 501 and 505, which
 * say what the server will never do (RFC 9110 §15).
 */
export function isRetriedStatus(status: number): boolean {
  return [408, 421, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * Milliseconds that a `Retry-After` header asks to wait: seconds or a date (RFC 9110 §10.2.3), at most a day; undefined when it is
 * absent or neither. Discord and some others write fractions of a second.
 * @example `parseRetryAfter('30', ctx.clock.now()) // 30000`
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  const isDate = /^[A-Z][a-z]{2},? /.test(text);
  const waitMs = isDate
    ? Date.parse(text) - nowMs
    : /^\d+(\.\d+)?$/.test(text)
      ? Number(text) * 1000
      : Number.NaN;
  return Number.isFinite(waitMs) ? Math.min(Math.max(Math.ceil(waitMs), 0), maxRetryAfterMs) : undefined;
}

/**
 * The part of a URL that may be shown: services put tokens into paths, queries and user names.
 * @example `redactUrl('https://hooks.example.org/services/T0/secret') // 'https://hooks.example.org/…'`
 */
export function redactUrl(url: string): string {
  const address = parseWebAddress(url);
  if (address === undefined) return '(not a URL)';
  const { scheme, host, path, query } = address;
  return `${scheme}://${host}${path.length + query.length > 1 ? '/…' : ''}`;
}

/** The text with eight stars in place of each secret; those of under 4 characters stay, or every text would be stars. */
export function redactText(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= 4)
    .sort((a, b) => b.length - a.length)
    .reduce((left, secret) => left.replaceAll(secret, '********'), text);
}

/**
 * JSON that every parser takes: half of a character, as a text that was cut ends with, becomes U+FFFD. Many services refuse a whole message
 * for a lone `\ud83d`.
 * @example `const body = jsonOf(event);`
 */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'string' ? each.replaceAll(/\p{Surrogate}/gu, '\ufffd') : each,
  );
}

/**
 * Sends a notification over HTTP. Resolves with the answer when its status is 2xx, else throws a `DeliveryError` that names host, status and
 * the begin of the answer. Request and answer are logged as debug, also when it fails. Redirects are not followed: a notification goes where its owner said.
 * @example
 * await deliver(ctx, { url: ctx.options.url, json: { text: event.summary } });
 */
export async function deliver(
  ctx: Pick<Context, 'http' | 'clock' | 'log'>,
  { json, secrets = [], ...request }: Delivery,
): Promise<HttpResponse> {
  const { url, method = 'POST' } = request;
  const headers = {
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
  };
  const body = json === undefined ? request.body : jsonOf(json);
  ctx.log.debug(`${method} ${redactUrl(url)}${sizeOf(body, headers)}`);
  const answer = await ctx.http({
    ...request,
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  const said = quoted(answer, url, secrets);
  ctx.log.debug(`${redactUrl(url)}: answers ${said}`);
  if (answer.status < 200 || answer.status >= 300) throw refusal(answer, url, said, ctx.clock.now());
  return answer;
}

/** What is sent, by its size and type: a service's own way to put an event is no news to whoever reads the log. */
function sizeOf(body: HttpRequest['body'], headers: { [name: string]: string }): string {
  if (body === undefined) return '';
  return `: ${body.length} characters of ${headers['content-type'] ?? 'no type'}`;
}

/** Status and begin of an answer, without secrets. */
function quoted({ status, text }: HttpResponse, url: string, secrets: string[]): string {
  // Before it is cut: half a secret would no longer be known as one.
  const said = redactText(text, [...secrets, ...secretsOf(url)]);
  const line = said.trim().replaceAll(/\s+/g, ' ').slice(0, maxQuoted);
  return line === '' ? String(status) : `${status}: ${line}`;
}

/** What of a URL may be a token, whole and in its parts: a service may say back either. */
function secretsOf(url: string): string[] {
  const { login = '', path = '', query = '' } = parseWebAddress(url) ?? {};
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(login) ?? [];
  const fields = query.split('&');
  const values = fields.map((field) => field.slice(field.indexOf('=') + 1).replaceAll('+', ' '));
  const parts = [user, password, ...path.split('/'), ...fields, ...values];
  return [url, path, query, ...parts, ...parts.map(unescaped)];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refusal(answer: HttpResponse, url: string, said: string, nowMs: number): DeliveryError {
  const { status, headers, text } = answer;
  const { location } = headers;
  const to = location === undefined ? '' : ` redirects to ${redactUrl(absolute(location, url))};`;
  const retryAfterMs = parseRetryAfter(headers['retry-after'] ?? waitIn(text), nowMs);
  const hints = {
    permanent: !isRetriedStatus(status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  return new DeliveryError(`${redactUrl(url)}:${to} answers ${said}`, hints, answer);
}

/** Where a redirect leads, by its host: it may name a path of the same server alone (RFC 9110 §10.2.2). */
function absolute(location: string, base: string): string {
  const { scheme, host } = parseWebAddress(base) ?? {};
  if (/^[a-z][a-z\d+.-]*:/i.test(location)) return location;
  return location.startsWith('//') ? `${scheme}:${location}` : `${scheme}://${host}/${location}`;
}

/** Telegram puts `parameters.retry_after` into its answer, Discord `retry_after`: seconds, both. */
function waitIn(text: string): string | undefined {
  try {
    const { retry_after, parameters } = JSON.parse(text);
    return String(retry_after ?? parameters?.retry_after ?? '');
  } catch {
    return undefined;
  }
}
