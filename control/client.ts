import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Json } from 'opsbro/sdk';
import { type ErrorCode, errorCatalogue, OpsbroError } from '../core/errors.ts';
import { findSocket } from './socket-path.ts';

/** Largest request and answer: far above the largest collector tree, small enough for a command's memory. */
const maxRequestBytes = 8 * 1024 * 1024;
const maxAnswerBytes = 64 * 1024 * 1024;

/** Options of one request. */
export interface RequestOptions {
  /** Milliseconds from the call to the last byte of the answer; 10,000 by default. */
  timeoutMs?: number;
}

/** Talks to one running agent. */
export interface ControlClient {
  /** The socket that requests go to now: an agent that starts may move it. */
  readonly socket: string;
  /**
   * Sends a request and returns the JSON body of a 2xx answer. Throws OPSBRO_AGENT_NOT_RUNNING when nobody listens (names the socket),
   * OPSBRO_HOST_DENIED when the socket is somebody else's, OPSBRO_API_DEADLINE, OPSBRO_API_INVALID for an answer that is not JSON or
   * too large, or the agent's own error with its code.
   */
  request<T = Json>(method: string, path: string, body?: Json, options?: RequestOptions): Promise<T>;
}

/** A client of the agent that uses the data directory `data`. Opens nothing before the first request. */
export function createControlClient(data: string): ControlClient {
  return {
    get socket() {
      return findSocket(data);
    },
    async request<T>(method: string, path: string, body?: Json, options: RequestOptions = {}): Promise<T> {
      const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      if (sent !== undefined && sent.length > maxRequestBytes) {
        throw new OpsbroError(
          'OPSBRO_API_INVALID',
          `the request is ${sent.length} bytes; at most ${maxRequestBytes} are accepted`,
        );
      }
      const timeoutMs = options.timeoutMs ?? 10_000;
      const { status, text } = await exchange(findSocket(data), method, path, sent, timeoutMs);
      return readAnswer<T>(status, text, `${method} ${path}`);
    },
  };
}

interface Answer {
  status: number;
  text: string;
}

function exchange(
  socket: string,
  method: string,
  path: string,
  body: Buffer | undefined,
  timeoutMs: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: { [name: string]: string | number } = { host: 'localhost', accept: 'application/json' };
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = body.length;
    }
    const request = httpRequest({ socketPath: socket, method, path, headers, agent: false });
    const timer = setTimeout(() => {
      request.destroy(
        new OpsbroError(
          'OPSBRO_API_DEADLINE',
          `the agent on ${socket} did not answer ${method} ${path} within ${timeoutMs / 1000} s`,
        ),
      );
    }, timeoutMs);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    request.once('error', (error) => settle(() => reject(connectionError(error, socket))));
    request.once('response', (response) => {
      readBody(response).then(
        (text) => settle(() => resolve({ status: response.statusCode ?? 0, text })),
        (error) => settle(() => reject(connectionError(error, socket))),
      );
    });
    request.end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) {
      response.destroy();
      throw new OpsbroError(
        'OPSBRO_API_INVALID',
        `the agent's answer is over ${maxAnswerBytes} bytes; ask for one object instead of all`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function connectionError(error: unknown, socket: string): OpsbroError {
  if (error instanceof OpsbroError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR' || code === 'ENOTSOCK') {
    return new OpsbroError(
      'OPSBRO_AGENT_NOT_RUNNING',
      `no agent answers on ${socket}; start one with 'opsbro agent start', or name its data directory with --data DIR`,
      { cause: error },
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new OpsbroError(
      'OPSBRO_HOST_DENIED',
      `${socket} belongs to another user; run the command as that user or as root`,
      { cause: error },
    );
  }
  return new OpsbroError(
    'OPSBRO_AGENT_NOT_RUNNING',
    `the connection to the agent on ${socket} broke (${code ?? (error as Error).message}); see its log`,
    { cause: error },
  );
}

function readAnswer<T>(status: number, text: string, what: string): T {
  let body: unknown;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch (error) {
    throw new OpsbroError(
      'OPSBRO_API_INVALID',
      `the agent answered ${what} with something that is not JSON`,
      {
        cause: error,
      },
    );
  }
  if (status >= 200 && status < 300) return body as T;
  throw answeredError(status, body, what);
}

function answeredError(status: number, body: unknown, what: string): OpsbroError {
  const error = (body as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  const message =
    typeof error?.message === 'string' ? error.message : `the agent answered ${what} with ${status}`;
  if (typeof error?.code === 'string' && Object.hasOwn(errorCatalogue, error.code)) {
    return new OpsbroError(error.code as ErrorCode, message);
  }
  return new OpsbroError(status === 404 ? 'OPSBRO_API_NOT_FOUND' : 'OPSBRO_API_INVALID', message);
}
