import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate, rootCertificates, TLSSocket } from 'node:tls';
import type { Network, TcpConnection, TcpOptions, TlsCertificate } from 'opsbro/sdk';
import { readCertificates } from './http.ts';
import { networkError } from './network-error.ts';

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 64 * 1024;
const maxIssuers = 20;

/** What stands between one connection and the network, where its author is not trusted. */
export interface ConnectionGuard {
  /** Resolves the host. */
  lookup?: LookupFunction;
  readCertificates?(path: string): Promise<string>;
}

/** `ctx.tcp` of one run: connections that end with `signal`. `guard` may throw. */
export function createTcp(
  signal: AbortSignal,
  guard: (host: string, port: number) => ConnectionGuard = () => ({}),
): Network['tcp'] {
  return async (host, port, options = {}) => {
    signal.throwIfAborted();
    const where = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    const { timeoutMs = defaultTimeoutMs } = options;
    const socket = await open(host, port, options, where, guard(host, port));
    const connection = new Connection(socket, where, signal, timeoutMs);
    await connection.opened(options.tls ? 'secureConnect' : 'connect');
    return connection;
  };
}

async function open(
  host: string,
  port: number,
  { tls }: TcpOptions,
  where: string,
  { lookup, readCertificates: read = readCertificates }: ConnectionGuard,
): Promise<Socket> {
  const settings = typeof tls === 'object' ? tls : {};
  const ca = settings.caFile ? [...rootCertificates, await read(settings.caFile)] : undefined;
  const servername = settings.servername ?? (isIP(host) === 0 ? host : '');
  try {
    if (!tls) return connectPlain({ host, port, lookup });
    return connectTls({ host, port, lookup, ca, servername, rejectUnauthorized: settings.verify ?? true });
  } catch (thrown) {
    throw networkError(where, thrown);
  }
}

class Connection implements TcpConnection {
  certificate?: TlsCertificate;
  readonly #socket: Socket;
  readonly #where: string;
  readonly #signal: AbortSignal;
  #received = Buffer.alloc(0);
  #ended = false;
  #error: unknown;
  #wake: () => void = () => undefined;

  constructor(socket: Socket, where: string, signal: AbortSignal, timeoutMs: number) {
    this.#socket = socket;
    this.#where = where;
    this.#signal = signal;
    const abort = (): void => this.#fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    socket.setTimeout(timeoutMs, () =>
      this.#fail(networkError(where, `nothing came within ${timeoutMs} ms`)),
    );
    socket.on('error', (error) => this.#fail(networkError(where, error)));
    socket.on('end', () => this.#finish());
    socket.on('close', () => {
      signal.removeEventListener('abort', abort);
      this.#finish();
    });
  }

  async opened(event: 'connect' | 'secureConnect'): Promise<void> {
    let isOpen = false;
    this.#socket.once(event, () => {
      isOpen = true;
      this.#wake();
    });
    await this.#until(() => isOpen);
    if (!isOpen) throw networkError(this.#where, 'the connection was closed before it was open');
    if (this.#socket instanceof TLSSocket) this.certificate = certificateOf(this.#socket);
    this.#socket.on('data', (part: Buffer) => {
      this.#received = Buffer.concat([this.#received, part]);
      if (this.#received.length > defaultMaxBytes) this.#socket.pause();
      this.#wake();
    });
  }

  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      this.#socket.write(text, (error) =>
        error ? reject(this.#error ?? networkError(this.#where, error)) : resolve(),
      );
    });
  }

  async read({
    until,
    maxBytes = defaultMaxBytes,
  }: {
    until?: string;
    maxBytes?: number;
  } = {}): Promise<string> {
    let length = 0;
    const found = (): boolean => {
      const at = until === undefined ? this.#received.length : this.#received.indexOf(until);
      length = until === undefined ? at : at === -1 ? 0 : at + Buffer.byteLength(until);
      if (length === 0 && this.#received.length >= maxBytes) length = maxBytes;
      if (length === 0) this.#socket.resume();
      return length > 0;
    };
    await this.#until(found);
    const taken = this.#received.subarray(0, Math.min(length || this.#received.length, maxBytes));
    this.#received = this.#received.subarray(taken.length);
    return taken.toString('utf8');
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Waits until `isDone`, the end of the stream, or an error, which it throws. */
  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return;
      this.#signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.#socket.destroy();
    this.#wake();
  }

  #finish(): void {
    this.#ended = true;
    this.#wake();
  }
}

function certificateOf(socket: TLSSocket): TlsCertificate {
  const found = socket.getPeerCertificate(true);
  return {
    subject: [found.subject?.CN ?? ''].flat().join(', '),
    issuer: [found.issuer?.CN ?? ''].flat().join(', '),
    names: found.subjectaltname ?? '',
    validFromMs: Date.parse(found.valid_from),
    validToMs: Date.parse(found.valid_to),
    fingerprint256: found.fingerprint256,
    issuers: issuersOf(found),
    error: socket.authorized ? null : String(socket.authorizationError),
  };
}

/** Up to the authority, which Node says to be its own issuer. */
function issuersOf(certificate: DetailedPeerCertificate): NonNullable<TlsCertificate['issuers']> {
  const issuers: NonNullable<TlsCertificate['issuers']> = [];
  let { issuerCertificate: issuer } = certificate;
  let below = certificate;
  while (issuer?.fingerprint256 !== undefined && issuer.fingerprint256 !== below.fingerprint256) {
    const subject = [issuer.subject?.CN ?? issuer.subject?.O ?? ''].flat().join(', ');
    issuers.push({ subject, validToMs: Date.parse(issuer.valid_to) });
    if (issuers.length === maxIssuers) break;
    below = issuer;
    issuer = issuer.issuerCertificate;
  }
  return issuers;
}
