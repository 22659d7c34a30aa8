import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Where a request comes from. */
export interface Client {
  /** As the system writes it. */
  address: string;
  /** It comes from this host, and nobody carried it here. */
  isLocal: boolean;
  /** It came by a proxy that is trusted to tell for whom it asks. */
  isProxied: boolean;
}

/** Addresses and networks, as `10.0.0.1` or `10.0.0.0/8`. Throws for a text that is neither. */
export function networks(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', bits, ...rest] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const most = family === 'ipv6' ? 128 : 32;
    const length = bits === undefined ? most : Number(bits);
    const isRight =
      isIP(address) !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits ?? '0') && length <= most;
    if (!isRight) throw new Error(`'${text}' is no address and no network; write 10.0.0.1 or 10.0.0.0/8`);
    list.addSubnet(address, length, family);
  }
  return list;
}

/**
 * Who asks. A trusted proxy tells in `X-Forwarded-For`, read from the right up to the first address that is none of the proxies. What somebody
 * else says there is not believed, but tells that the request was carried, so it is not taken for one of this host.
 */
export function clientOf(peer: string | undefined, headers: IncomingHttpHeaders, proxies: BlockList): Client {
  const direct = plainAddress(peer ?? '');
  const forwarded = headers['x-forwarded-for'];
  const isCarried = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'].some(
    (name) => headers[name] !== undefined,
  );
  if (!isIn(proxies, direct) || forwarded === undefined)
    return { address: direct, isLocal: isLoopback(direct) && !isCarried, isProxied: false };
  const said = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded).split(',').reverse();
  let address = direct;
  for (const each of said) {
    const next = plainAddress(each.trim());
    if (isIP(next) === 0) break;
    address = next;
    if (!isIn(proxies, next)) break;
  }
  return { address, isLocal: false, isProxied: true };
}

/** Whether an address is in a list. */
export function isIn(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/** Whether an address is one of the loopback interface. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** What is counted as one client: an address of IPv4, or a /64 of IPv6, which one host has for itself. */
export function countedAs(text: string): string {
  const address = plainAddress(text);
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  if (tail === undefined) return groups.slice(0, 4).join(':');
  const zeros = Array(Math.max(0, 8 - groups.length - (tail === '' ? 0 : tail.split(':').length))).fill('0');
  return [...groups, ...zeros, ...tail.split(':')].slice(0, 4).join(':');
}

/** An address without the port, brackets or prefix of IPv4 that stand around it. */
function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1];
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1];
  return (bracketed ?? withPort ?? text).replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}
