import { domainToASCII } from 'node:url';
import {
  type Address,
  type AddressRange,
  includesRange,
  isWithin,
  parseAddress,
  parseRange,
} from './addresses.ts';

/** Hosts that a permission names: all, one name, all below a domain, or the addresses of a network. */
export type HostPattern =
  | { kind: 'any' }
  | { kind: 'name'; name: string }
  | { kind: 'below'; domain: string }
  | { kind: 'range'; range: AddressRange };

/** Ports from and to, both included. */
export interface PortRange {
  from: number;
  to: number;
}

/** What a host that was asked for is: the bytes of an address, or a name in its canonical form. */
export type Host = Address | string;

const everyPort: PortRange = { from: 0, to: 65_535 };

/** A host as programs write it, in its canonical form; undefined for what is none. */
export function parseHost(text: string): Host | undefined {
  // What a URL cannot have in its host would end the text or fall out of it: another name than the one that is connected to.
  if (/[^\p{L}\p{M}\p{N}._:[\]-]/u.test(text)) return undefined;
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  const address = parseAddress(bare);
  if (address !== undefined) return address;
  const name = domainToASCII(bare.toLowerCase()).replace(/\.$/, '');
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name) && name.length <= 253 ? name : undefined;
}

/** Reads the host of a pattern. Throws an Error whose message continues `'<pattern>' `. */
export function parseHostPattern(text: string): HostPattern {
  if (text === '*') return { kind: 'any' };
  const range = parseRange(/^\[(.*)\]$/.exec(text)?.[1] ?? text);
  if (range !== undefined) return { kind: 'range', range };
  const isBelow = text.startsWith('*.');
  const name = parseHost(isBelow ? text.slice(2) : text);
  if (typeof name !== 'string' || /(^|\.)[0-9]+$/.test(name))
    throw new Error(
      `names the host '${text}'; write a name, *.example.org, an address or a network such as 10.0.0.0/8`,
    );
  return isBelow ? { kind: 'below', domain: name } : { kind: 'name', name };
}

/** Whether a host is one of the pattern's. A name is never one of a network's, whatever it resolves to. */
export function matchesHost(pattern: HostPattern, host: Host): boolean {
  if (pattern.kind === 'any') return true;
  if (pattern.kind === 'range') return typeof host !== 'string' && isWithin(pattern.range, host);
  if (typeof host !== 'string') return false;
  return pattern.kind === 'name' ? host === pattern.name : host.endsWith(`.${pattern.domain}`);
}

/** Whether every host of `inner` is one of `outer`. */
export function includesHost(outer: HostPattern, inner: HostPattern): boolean {
  if (outer.kind === 'any') return true;
  if (outer.kind === 'range') return inner.kind === 'range' && includesRange(outer.range, inner.range);
  if (inner.kind === 'name') return matchesHost(outer, inner.name);
  if (inner.kind !== 'below' || outer.kind !== 'below') return false;
  return inner.domain === outer.domain || inner.domain.endsWith(`.${outer.domain}`);
}

/** Reads the port of a pattern: a number, `8000-8999`, or `*`. Throws an Error whose message continues `'<pattern>' `. */
export function parsePorts(text: string): PortRange {
  if (text === '*') return everyPort;
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || from < 1 || to > 65_535 || from > to)
    throw new Error(
      `names the port '${text}'; write a number from 1 to 65535, a range such as 8000-8999, or *`,
    );
  return { from, to };
}

/** Whether all ports of `inner` are ports of `outer`. */
export function includesPorts(outer: PortRange, inner: PortRange): boolean {
  return outer.from <= inner.from && inner.to <= outer.to;
}
