import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { Refused } from '../api/refused.ts';
import type { Asked } from './door.ts';

/** Refuses whoever does not send `user:password` as HTTP's basic authentication; nobody where none is asked for. */
export function checkBasic(asked: Asked, wanted: string): void {
  if (wanted !== '' && !isSame(basicOf(asked), wanted)) throw needAuthentication();
}

/** The `user:password` of HTTP's basic authentication; '' for none. */
export function basicOf({ headers }: Asked): string {
  const sent = /^basic ([a-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  return Buffer.from(sent, 'base64').toString();
}

/** What somebody is refused with who did not authenticate. */
export function needAuthentication(): Refused {
  return new Refused(401, 'authentication is needed', {
    'www-authenticate': 'Basic realm="OverC", charset="UTF-8"',
  });
}

/** In constant time, whatever the lengths are. */
export function isSame(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}

/** Refuses what a page of another site makes a browser send. */
export function checkOrigin({ headers }: Asked): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const isForeign = origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
  if (isForeign || site === 'cross-site') throw new Refused(403, 'a page of another site may not ask this');
}

/**
 * Refuses what a browser of this host asks by a strange name: a page can have its own name resolve to loopback (DNS rebinding), and is then of no
 * other site. A proxy that is trusted asks by any name.
 */
export function checkHost(asked: Asked, sender: (asked: Asked) => string): void {
  const peer = plain(asked.peer);
  if (!(peer === '::1' || peer.startsWith('127.')) || sender(asked) !== peer) return;
  const name = (asked.headers.host ?? '').replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1');
  if (name.toLowerCase() === 'localhost' || isIP(name) !== 0) return;
  throw new Refused(
    421,
    "this is not asked by that name; set 'ui_auth', or name the proxy in 'trusted_proxies'",
  );
}

/** Makes a function that tells who sent a request: whom a trusted proxy names, else the other side of the connection. */
export function senderOf(trusted: readonly string[]): (asked: Asked) => string {
  const proxies = new BlockList();
  for (const text of trusted) {
    const [address = '', bits] = text.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0)
      throw new Error(`'trusted_proxies' has '${text}', expected an address or a network`);
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string): boolean =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return ({ peer, headers }) => {
    let sender = plain(peer);
    if (trusted.length === 0) return sender;
    const named = String(headers['x-forwarded-for'] ?? '').split(',');
    while (isTrusted(sender)) {
      const before = plain((named.pop() ?? '').trim());
      if (isIP(before) === 0) break;
      sender = before;
    }
    return sender;
  };
}

/** IPv4 as it is, also where it came over IPv6. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
