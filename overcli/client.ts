import type { IncomingMessage, RequestOptions } from 'node:http';
import { Agent, request as requestHttp } from 'node:http';
import type { Endpoint } from './endpoint.ts';
import { Failure, messageOf } from './failure.ts';
import type { Log } from './log.ts';

/** From the first byte of a request to the last one of its answer. */
const answerWithinMs = 10_000;
const maxAnswerLength = 64 * 1024;
/** Not the fault of the request: later the same one may be taken. */
const passing = new Set([408, 425, 429]);

declare const overcliVersion: string;

/** Posts one body after the other to a server, over one connection where the server keeps it. */
export class Client {
  readonly #log: Log;
  readonly #withinMs: number;
  #agent: Agent | undefined;

  constructor(log: Log, withinMs = answerWithinMs) {
    this.#log = log;
    this.#withinMs = withinMs;
  }

  /**
   * Posts `body` with the identity of the sender. Resolves on 200 with JSON in it. Throws a `refused` failure when the server says no, and
   * an `unsent` one when nobody answers, or not as such a server does.
   */
  async post(endpoint: Endpoint, route: string, body: object): Promise<void> {
    const { name, key } = endpoint;
    this.#log.trace(() => `${route} ${JSON.stringify({ server: { name, key: '…' }, ...body })}`);
    const text = JSON.stringify({ server: { name, key }, ...body });
    const answer = await this.#exchange(endpoint, route, text);
    this.#log.debug(`${endpoint.origin}${route}: ${answer.status}`);
    this.#log.trace(() => answer.text);
    judge(`${endpoint.origin}${route}`, answer);
  }

  /** Closes the connection. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #exchange(endpoint: Endpoint, route: string, text: string): Promise<Answer> {
    const secure = endpoint.origin.startsWith('https:');
    const send = secure ? (await import('node:https')).request : requestHttp;
    this.#agent ??= secure
      ? new (await import('node:https')).Agent({ keepAlive: true, maxSockets: 1 })
      : new Agent({ keepAlive: true, maxSockets: 1 });
    const options: RequestOptions = {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        'user-agent': `overcli/${overcliVersion}`,
        ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
        ...(endpoint.enrollmentToken === undefined ? {} : { 'x-enrollment-token': endpoint.enrollmentToken }),
      },
    };
    const url = new URL(route, endpoint.origin);
    const attempt = (): Promise<Answer> => exchange(() => send(url, options), text, this.#withinMs);
    try {
      return await attempt();
    } catch (error) {
      // The server may have closed the connection while it stood still: such a request never reached it.
      if (!(error instanceof StaleConnection)) throw unreachable(endpoint.origin, error);
      return attempt().catch((again: unknown) => {
        throw unreachable(endpoint.origin, again);
      });
    }
  }
}

interface Answer {
  status: number;
  text: string;
  retryAfter: string | undefined;
  location: string | undefined;
}

/** A kept connection that was closed before anything of an answer came. */
class StaleConnection extends Error {}

function unreachable(origin: string, error: unknown): Failure {
  return new Failure('unsent', `cannot reach ${origin}: ${messageOf(error)}`);
}

function exchange(
  start: () => ReturnType<typeof requestHttp>,
  text: string,
  withinMs: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = start();
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${withinMs / 1000} s`)),
      withinMs,
    );
    const fail = (error: Error): void => {
      clearTimeout(timer);
      const { code } = error as NodeJS.ErrnoException;
      const stale = request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
      reject(stale ? new StaleConnection(error.message) : error);
    };
    request.on('error', fail);
    request.on('response', (response) => {
      readAnswer(response).then((answer) => {
        clearTimeout(timer);
        resolve(answer);
      }, fail);
    });
    request.end(text);
  });
}

function readAnswer(response: IncomingMessage): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
      if (text.length > maxAnswerLength) response.destroy(new Error('the answer is too long'));
    });
    response.on('error', reject);
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        text,
        retryAfter: response.headers['retry-after'],
        location: response.headers.location,
      }),
    );
  });
}

/** Throws what an answer means, unless it is success. */
function judge(url: string, { status, text, retryAfter, location }: Answer): void {
  const said = parsed(text);
  if (status === 200 && said !== undefined) return;
  const retryAfterS = secondsUntil(retryAfter);
  const details = { status, ...(retryAfterS !== undefined && { retryAfterS }) };
  if (status === 200)
    throw new Failure(
      'unsent',
      `${url}: what answers there is no push server, since it answers no JSON`,
      details,
    );
  if (location !== undefined && status >= 300 && status < 400)
    throw new Failure(
      'refused',
      `${url}: ${status}, moved to ${location}; give that as the server's URL`,
      details,
    );
  const message = `${url}: ${status}${reason(said, text)}`;
  const later = status >= 500 || status < 200 || passing.has(status);
  throw new Failure(later ? 'unsent' : 'refused', message, details);
}

/** What `Retry-After` says, as seconds or as a date (RFC 9110, 10.2.3). A date is past or in some seconds by the clock of this host. */
function secondsUntil(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  const ms = Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.ceil(ms / 1000));
}

/** The text of an error as the server words it, else the first line of whatever it says. */
function reason(said: { error?: unknown } | undefined, text: string): string {
  if (typeof said?.error === 'string') return ` ${said.error}`;
  const [line = ''] = text.trim().split('\n', 1);
  return line === '' || line.startsWith('<') ? '' : ` ${line.slice(0, 200)}`;
}

function parsed(text: string): { error?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
