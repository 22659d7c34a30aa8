import { readFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';
import { rootCertificates } from 'node:tls';
import type { HttpRequest, HttpResponse, Network } from 'opsbro/sdk';
import type { Dispatcher } from 'undici';
import { networkError } from './network-error.ts';

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 1024 * 1024;

/** What another origin is told of a request; any other header may be a credential, whatever its name. */
const harmlessHeaders = new Set(['accept', 'accept-language', 'content-type', 'user-agent']);

type Undici = typeof import('undici');

/** A variable of the agent's environment. */
export type ReadVariable = (name: string) => string | undefined;

/** What stands between one request and the network, where its author is not trusted. */
export interface RequestGuard {
  /** Throws unless the URL may be asked; called for the first one and for each that a redirect leads to. */
  check(url: URL): void;
  /** Resolves the host of the URL that was checked last. A proxy resolves by itself. */
  lookup: LookupFunction;
  readCertificates(path: string): Promise<string>;
}

/**
 * `ctx.http` of one run. undici is loaded by the first request of a thread. Every request has its connection, which is gone when the request
 * ends: nothing of a run outlives it, and no request meets a connection that the other side is about to close.
 */
export function createHttp(
  signal: AbortSignal,
  env: ReadVariable,
  guardRequest?: () => RequestGuard,
): Network['http'] {
  return async (request) => {
    signal.throwIfAborted();
    const { timeoutMs = defaultTimeoutMs } = request;
    const origin = originOf(request.url);
    const guard = guardRequest?.();
    guard?.check(new URL(request.url));
    const late = AbortSignal.timeout(timeoutMs);
    const undici = await import('undici');
    let dispatcher: Dispatcher | undefined;
    try {
      dispatcher = await dispatcherFor(undici, request, env, guard);
      return await send(undici, dispatcher, request, AbortSignal.any([signal, late]));
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      throw networkError(origin, late.aborted ? `no answer within ${timeoutMs} ms` : thrown);
    } finally {
      await dispatcher?.destroy().catch(() => undefined);
    }
  };
}

function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) return parsed.origin;
  throw networkError('ctx.http', 'the url must begin with http:// or https:// and name a host');
}

async function dispatcherFor(
  undici: Undici,
  request: HttpRequest,
  env: ReadVariable,
  guard: RequestGuard | undefined,
): Promise<Dispatcher> {
  const read = guard?.readCertificates ?? readCertificates;
  const tls = {
    rejectUnauthorized: request.verifyTls ?? true,
    ...(request.caFile && { ca: [...rootCertificates, await read(request.caFile)] }),
  };
  const proxy = (name: string): string => env(name.toLowerCase()) || env(name) || '';
  const options = {
    httpProxy: proxy('HTTP_PROXY'),
    httpsProxy: proxy('HTTPS_PROXY'),
    noProxy: proxy('NO_PROXY'),
    // A proxy forwards plain HTTP as such; many refuse CONNECT to port 80.
    proxyTunnel: false,
    connect: { ...tls, ...(guard && { lookup: guard.lookup }) },
    requestTls: tls,
    proxyTls: tls,
  };
  const isUsable = (url: string): boolean => url === '' || /^(https?|socks5?):\/\/./i.test(url);
  if (!isUsable(options.httpProxy) || !isUsable(options.httpsProxy))
    throw networkError('HTTP_PROXY or HTTPS_PROXY', 'not a URL such as http://proxy:3128');
  const agent = new undici.EnvHttpProxyAgent(options);
  const { maxRedirects = 0 } = request;
  if (maxRedirects === 0) return agent;
  const follow = undici.interceptors.redirect({ maxRedirections: maxRedirects });
  return agent.compose(behindRedirects(request, guard), follow);
}

/**
 * Keeps credentials at their origin, and from a chain of redirects that comes back; undici knows three of them by name. Where a POST became
 * a GET nothing tells of a body any more (RFC 9110 §15.4); undici sees to that behind a 303 only.
 */
function behindRedirects(
  { url, body, bytes }: HttpRequest,
  guard: RequestGuard | undefined,
): Dispatcher.DispatcherComposeInterceptor {
  const home = new URL(url).origin;
  let hasLeft = false;
  return (dispatch) => (options, handler) => {
    guard?.check(urlOf(options));
    hasLeft ||= String(options.origin) !== home;
    const isBodyless = (bytes ?? body) !== undefined && options.body === null;
    if (!hasLeft && !isBodyless) return dispatch(options, handler);
    // Behind a redirect undici gives headers as one list of names and values in turn.
    const given = [options.headers ?? []].flat() as string[];
    const isKept = (_: string, index: number): boolean => {
      const name = String(given[index - (index % 2)]).toLowerCase();
      return (!hasLeft || harmlessHeaders.has(name)) && !(isBodyless && name.startsWith('content-'));
    };
    return dispatch({ ...options, headers: given.filter(isKept) }, handler);
  };
}

/** Not resolved against its origin, where a path that begins with `//` would name another host than the one that is connected to. */
function urlOf({ origin, path }: Dispatcher.DispatchOptions): URL {
  return new URL(`${new URL(String(origin)).origin}${path}`);
}

/** The headers, each once, with the user and password of the URL, which undici leaves out (RFC 7617). */
function headersOf({ url, headers: given = {} }: HttpRequest): { [name: string]: string } {
  const headers = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const { username, password } = new URL(url);
  if (headers.authorization !== undefined || (username === '' && password === '')) return headers;
  const login = `${unescaped(username)}:${unescaped(password)}`;
  return { ...headers, authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

/** Text of a URL; one with a lone `%` is meant as it is. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Certificates of a PEM file. Not through the context's files: it is the agent's own, not one of the host that it looks at. */
export async function readCertificates(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    throw networkError(`the certificates in ${path}`, thrown);
  }
}

async function send(
  { request: perform }: Undici,
  dispatcher: Dispatcher,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const startedMs = performance.now();
  const body = request.bytes ?? request.body;
  const answer = await perform(request.url, {
    dispatcher,
    signal,
    method: (request.method ?? (body === undefined ? 'GET' : 'POST')) as Dispatcher.HttpMethod,
    headers: headersOf(request),
    body,
  });
  const history = (answer.context as { history?: URL[] } | undefined)?.history;
  const { bytes, truncated } = await readBody(answer.body, request.maxBytes ?? defaultMaxBytes);
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]),
  );
  return {
    status: answer.statusCode,
    headers,
    text: textOf(bytes, headers['content-type']),
    truncated,
    url: String(history?.at(-1) ?? request.url),
    durationMs: performance.now() - startedMs,
  };
}

async function readBody(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): Promise<{ bytes: Buffer; truncated: boolean }> {
  const parts: Buffer[] = [];
  let room = maxBytes;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part.subarray(0, room));
    room -= part.length;
    if (room < 0) break;
  }
  return { bytes: Buffer.concat(parts), truncated: room < 0 };
}

/** A body that is no UTF-8 by the character set that its type names (RFC 9110 §8.3.2), where that is known. Some types are wrong of UTF-8. */
function textOf(bytes: Buffer, type = ''): string {
  const text = bytes.toString('utf8');
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(type)?.[1];
  if (charset === undefined || !text.includes('\ufffd')) return text;
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return text;
  }
}
