/** An address as its groups of 8 (IPv4) or 16 (IPv6) bits, most significant first. */
export interface Address {
  version: 4 | 6;
  groups: number[];
}

/** An address and how many of its leading bits name the network. */
export interface Network {
  address: Address;
  prefixBits: number;
}

/** Parses an address in any notation of RFC 4291; a zone (`%eth0`) is ignored. undefined when it is none. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  return parseIpv6(text.replace(/%[^%/]*$/, ''));
}

/** Parses CIDR notation; without a prefix the network is the one address. Bits beyond the prefix may be set. undefined when it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [written = '', prefix, ...more] = text.split('/');
  const address = parseAddress(written);
  if (address === undefined || more.length > 0) return undefined;
  const bits = address.version === 4 ? 32 : 128;
  if (prefix === undefined) return { address, prefixBits: bits };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return undefined;
  return { address, prefixBits: Number(prefix) };
}

/** True when the leading bits are the same. An IPv4 address is in no IPv6 network and the other way round. */
export function isInRange(address: Address, network: Network): boolean {
  if (address.version !== network.address.version) return false;
  const groupBits = address.version === 4 ? 8 : 16;
  return address.groups.every((group, index) => {
    const significant = Math.min(groupBits, Math.max(0, network.prefixBits - index * groupBits));
    const shift = groupBits - significant;
    return group >> shift === (network.address.groups[index] ?? 0) >> shift;
  });
}

function parseIpv4(text: string): Address | undefined {
  const parts = text.split('.');
  // Leading zeros are refused: some programs read them as octal.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return { version: 4, groups: parts.map(Number) };
}

function parseIpv6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const absent = 8 - head.length - tail.length;
  if (halves.length === 2 ? absent < 1 : absent !== 0) return undefined;
  return { version: 6, groups: [...head, ...Array<number>(absent).fill(0), ...tail] };
}

/** The groups of a part without `::`; its end may be dotted IPv4 when it is also the end of the address. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const dotted = isEnd && parts.at(-1)?.includes('.') ? parseIpv4(parts.pop() ?? '') : null;
  if (dotted === undefined || !parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return undefined;
  const groups = parts.map((part) => Number.parseInt(part, 16));
  if (dotted === null) return groups;
  const [a = 0, b = 0, c = 0, d = 0] = dotted.groups;
  return [...groups, a * 256 + b, c * 256 + d];
}
