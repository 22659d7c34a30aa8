import { isIPv4, isIPv6 } from 'node:net';

/** A port of the product, where an endpoint names none. */
export const gossipPort = 6768;

/** Where somebody listens; the host is an address or a name. */
export interface Endpoint {
  host: string;
  port: number;
}

/** Reads `host`, `host:port`, `address` or `[IPv6]:port`; undefined where it is none of them. */
export function parseEndpoint(text: string, standing = gossipPort): Endpoint | undefined {
  const trimmed = text.trim();
  if (isAddress6(trimmed)) return { host: trimmed, port: standing };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(trimmed) ?? [];
  const port = digits === undefined ? standing : Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  if (bracketed !== undefined) return isAddress6(bracketed) ? { host: bracketed, port } : undefined;
  const isName = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$/.test(plain ?? '');
  return plain !== undefined && isName ? { host: plain, port } : undefined;
}

/** `host:port`, IPv6 in brackets. */
export function endpointText({ host, port }: Endpoint): string {
  return isAddress6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether an address never leaves this host. */
export function isLoopback(address: string): boolean {
  return isIPv4(address) ? address.startsWith('127.') : address === '::1';
}

/** Node's pattern for IPv6 takes more than a millisecond to compile, twice: where no address can be one it is not asked. */
function isAddress6(text: string): boolean {
  return text.indexOf(':') !== text.lastIndexOf(':') && isIPv6(text);
}
