import type { Socket } from 'node:net';
import type { Json } from 'opsbro/sdk';

const defaultTimeoutSeconds = 10;
const maxTimeoutSeconds = 60;

/** Opens a TCP connection; `node:net`'s `connect`. */
export type Connect = (options: { host: string; port: number }) => Socket;

/**
 * True when a TCP connection opens within `timeout` seconds (default 10, at most 60, names resolved within it too); nothing is sent.
 * Refused, unreachable, unresolvable and silent are all False. Rejects when `signal` fires first; throws for a port or a timeout
 * that is none.
 */
export async function checkTcp(
  signal: AbortSignal,
  connect: Connect,
  host: Json,
  port: Json,
  timeout: Json = null,
): Promise<boolean> {
  const target = { host: hostOf(host), port: portOf(port) };
  const timeoutMs = timeoutOf(timeout) * 1000;
  signal.throwIfAborted();
  const socket = connect(target);
  try {
    return await new Promise<boolean>((resolve, reject) => {
      socket.setTimeout(timeoutMs, () => resolve(false));
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}

function hostOf(host: Json): string {
  if (typeof host !== 'string' || host === '') throw new Error('the host must be a name or an address');
  return host;
}

function portOf(port: Json): number {
  const number = typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 65535)
    throw new Error(`${JSON.stringify(port)} is not a port, use 1 to 65535`);
  return number;
}

function timeoutOf(timeout: Json): number {
  if (timeout === null) return defaultTimeoutSeconds;
  if (typeof timeout !== 'number' || timeout <= 0)
    throw new Error('the timeout must be a number of seconds above 0');
  return Math.min(timeout, maxTimeoutSeconds);
}
