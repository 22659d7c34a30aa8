import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import { rootCertificates } from 'node:tls';
import { createTransport } from 'nodemailer';
import { type Context, DeliveryError, redactText } from 'opsbro/sdk';
import type { Message } from './message.ts';
import type { MailOptions } from './options.ts';

type SmtpSettings = Exclude<Parameters<typeof createTransport>[0], string | undefined>;

const maxSaid = 500;
const connectMs = 15_000;

/** An error as nodemailer throws it; `responseCode` is the server's (RFC 5321 §4.2). */
interface SmtpError extends Error {
  code?: string;
  responseCode?: number;
  response?: string;
  command?: string;
  recipient?: string;
}

/** An address that the server refused while it took others; `isFinal`: for good (5xx). */
export interface Refused {
  address: string;
  said: string;
  isFinal: boolean;
}

/**
 * Sends a mail over one connection, which ends with `signal`, to those of `recipients`; its header names all contacts. Resolves with the
 * addresses that the server refused while it took others. The dialogue goes to the log as debug, without message and password, also when
 * it fails. Throws a `DeliveryError`; it is permanent where the server says 5xx (RFC 5321 §4.2.1).
 */
export async function sendMail(
  { options, signal, log }: Pick<Context<MailOptions>, 'options' | 'signal' | 'log'>,
  message: Message,
  recipients: string[],
): Promise<Refused[]> {
  const socket = new Socket();
  const logger = dialogue(options, (line) => log.debug(line));
  const transport = createTransport({
    ...(await settings(options)),
    getSocket: (_: unknown, done: (error: unknown, opened?: { connection: Socket }) => void) =>
      void connect(socket, options, signal).then(() => done(null, { connection: socket }), done),
    logger,
    transactionLog: true,
  } as SmtpSettings);
  const close = (): void => void socket.destroy();
  signal.addEventListener('abort', close, { once: true });
  try {
    const { contacts: to } = options;
    const from = options.addr_from || `opsbro@${hostname()}`;
    const headers = { 'Auto-Submitted': 'auto-generated' };
    const mail = { from, to, envelope: { from, to: recipients }, ...message, headers };
    const sent = await transport.sendMail({ ...mail, disableFileAccess: true, disableUrlAccess: true });
    return ((sent.rejectedErrors ?? []) as SmtpError[]).map((error) => refusedOf(options, error));
  } catch (thrown) {
    throw signal.aborted ? signal.reason : refusal(options, thrown as SmtpError);
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

/**
 * Connects by the system's resolver. nodemailer's own asks name servers for whatever is no address, and gives up when none answers: no host
 * could tell by its own `localhost` that its name servers are down.
 */
async function connect(socket: Socket, options: MailOptions, signal: AbortSignal): Promise<void> {
  const late = new Error(`no connection within ${connectMs} ms`);
  const timer = setTimeout(() => socket.destroy(late), connectMs);
  try {
    socket.connect(address(options));
    await once(socket, 'connect', { signal });
  } catch (thrown) {
    // Of several addresses Node gives one error without a text.
    throw thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  } finally {
    clearTimeout(timer);
  }
}

/** A logger for nodemailer that takes the lines of both sides; what nodemailer itself says is in its errors. */
function dialogue({ username, password }: MailOptions, say: (line: string) => void): object {
  const silent = (): void => {};
  const secrets = [password, base64(password), base64(`\0${username}\0${password}`)];
  const debug = ({ tnx }: { tnx?: string }, text: string): void => {
    const side = tnx === 'client' ? '>' : '<';
    if (tnx === 'client' || tnx === 'server') say(`${side} ${onOneLine(redactText(text, secrets))}`);
  };
  return { trace: silent, debug, info: silent, warn: silent, error: silent, fatal: silent };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** What to throw when a server that took some addresses refused these for now, as one that does not know the sender yet. */
export function notForNow(options: MailOptions, refused: Refused[]): DeliveryError {
  const { host, port } = address(options);
  const said = refused.slice(0, 3).map(({ address, said }) => `${address}: ${said}`);
  return new DeliveryError(`${host}:${port}: ${said.join(', ')}; others have the mail`);
}

function refusedOf(options: MailOptions, error: SmtpError): Refused {
  const { recipient = '', responseCode = 0 } = error;
  return { address: recipient, said: saidIn(options, error), isFinal: responseCode >= 500 };
}

/** What the server said, on one line and without the password. */
function saidIn({ password }: MailOptions, { response, message }: SmtpError): string {
  return onOneLine(redactText(response ?? message, [password]));
}

function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, maxSaid);
}

async function settings(options: MailOptions): Promise<object> {
  const { host, port } = address(options);
  const { smtps, starttls, username, password } = options;
  const isAlways = starttls === 'always' || (starttls === 'auto' && username !== '');
  return {
    host,
    port,
    secure: smtps,
    requireTLS: !smtps && isAlways,
    ignoreTLS: !smtps && starttls === 'never',
    // Encryption to whoever answers is better than none (RFC 7435), but no password goes that way.
    tls: {
      rejectUnauthorized: smtps || isAlways,
      ...(options.ca_file && { ca: await certificates(options) }),
    },
    ...(username !== '' && { auth: { user: username, pass: password } }),
    connectionTimeout: connectMs,
    greetingTimeout: 15_000,
    socketTimeout: 30_000,
  };
}

/** Host and port of `smtp_server`. */
export function address({ smtp_server, smtps }: Pick<MailOptions, 'smtp_server' | 'smtps'>): {
  host: string;
  port: number;
} {
  const [, host = smtp_server, port] = /^(\[.+\]|[^:]+)(?::(\d+))?$/.exec(smtp_server) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port ?? (smtps ? 465 : 25)) };
}

async function certificates({ ca_file }: MailOptions): Promise<string[]> {
  try {
    return [...rootCertificates, await readFile(ca_file, 'utf8')];
  } catch (thrown) {
    throw new DeliveryError(`the certificates in ${ca_file} cannot be read: ${(thrown as Error).message}`);
  }
}

function refusal(options: MailOptions, error: SmtpError): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const { host, port } = address(options);
  const said = saidIn(options, error);
  if (error.command === 'STARTTLS') {
    const advice = "trust its certificate with 'ca_file', or set 'starttls: never'";
    return new DeliveryError(`${host}:${port}: no encryption by STARTTLS: ${said}; ${advice}`);
  }
  // Words of TLS, not of the server: that has not answered by a code.
  if (error.responseCode === undefined && /certificate|altnames/i.test(said))
    return new DeliveryError(`${host}:${port}: ${said}; ${adviceOn(said)}`);
  return new DeliveryError(`${host}:${port}: ${said}`, { permanent: (error.responseCode ?? 0) >= 500 });
}

/** What helps against what TLS says of a certificate. */
function adviceOn(said: string): string {
  if (/has expired/.test(said)) return 'the mail server needs a new certificate';
  if (/not yet valid/.test(said)) return 'compare the clocks of this host and of the mail server';
  return "name in 'ca_file' the certificate to trust; 'smtp_server' has to be a name that is in it";
}
