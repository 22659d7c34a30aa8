import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Status by code of what a service can be refused by the agent. */
const statuses: { [code: string]: number } = {
  OPSBRO_API_NOT_FOUND: 404,
  OPSBRO_API_DENIED: 403,
  OPSBRO_API_DEADLINE: 504,
  OPSBRO_AGENT_BUSY: 503,
};

/** What every answer carries, since browsers may read it. */
export const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** The body of a refusal. */
export function errorBody(code: string, message: string): { error: { code: string; message: string } } {
  return { error: { code, message } };
}

/** Status, code and message of what ended a request: the agent's refusal, a schema that was not met, what the HTTP library found wrong. */
export function judge(thrown: unknown): { status: number; code: string; message: string } {
  const { code, message, statusCode } = thrown as { code?: string; message?: string; statusCode?: number };
  const text = (message ?? 'failed').slice(0, 1024);
  if (code?.startsWith('OPSBRO_')) return { status: statuses[code] ?? 500, code, message: text };
  const isTheirs = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  return { status: isTheirs ? statusCode : 500, code: 'OPSBRO_API_INVALID', message: text };
}

/** Why a request is not answered. */
export interface Refusal {
  status: number;
  code: string;
  message: string;
  headers?: { [name: string]: string };
}

/** Refuses a request and ends its connection, so that what it still sends is not waited for. */
export function refuse(response: ServerResponse, { status, code, message, headers }: Refusal): void {
  const text = JSON.stringify(errorBody(code, message));
  response.writeHead(status, {
    ...safeHeaders,
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  });
  response.end(text);
}

const unreadable: { [code: string]: [status: number, reason: string, message: string] } = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the headers are over 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not come in time'],
};

/** Answers what could not be read as a request, when it still can, and ends the connection. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, reason, message] = unreadable[error.code ?? ''] ?? [400, 'Bad Request', 'this is not HTTP'];
  const text = JSON.stringify(errorBody('OPSBRO_API_INVALID', message));
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}
