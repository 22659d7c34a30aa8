import { isIP } from 'node:net';

/** An IP address as its bytes, 4 or 16. An IPv4 address written as IPv6 is its 4 bytes. */
export type Address = readonly number[];

/** A network: the addresses whose first `bits` are those of `address`. */
export interface AddressRange {
  address: Address;
  bits: number;
}

/** The bytes of an address as text; undefined for any other text, and for one with a zone (`fe80::1%eth0`). */
export function parseAddress(text: string): Address | undefined {
  const family = isIP(text);
  if (family === 4) return text.split('.').map(Number);
  if (family !== 6 || text.includes('%')) return undefined;
  const mixed = text.replace(/[^:]*\.[^:]*$/, (dotted) => {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = mixed.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return embedded(all.flatMap((word) => [word >> 8, word & 255]));
}

/** Reads an address, or a network such as `10.0.0.0/8`; undefined for any other text. */
export function parseRange(text: string): AddressRange | undefined {
  const [, base = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(base);
  if (address === undefined) return undefined;
  // What was written as IPv6 counts its bits from there.
  const shift = isIP(base) === 6 && address.length === 4 ? 96 : 0;
  const length = bits === undefined ? address.length * 8 : Number(bits) - shift;
  return length >= 0 && length <= address.length * 8 ? { address, bits: length } : undefined;
}

/** Whether an address lies in a network. */
export function isWithin({ address, bits }: AddressRange, other: Address): boolean {
  if (address.length !== other.length) return false;
  return address.every((byte, index) => {
    const mask = 0xff00 >> Math.min(Math.max(bits - index * 8, 0), 8);
    return ((byte ^ (other[index] ?? 0)) & mask & 255) === 0;
  });
}

/** Whether a network lies in another. */
export function includesRange(outer: AddressRange, inner: AddressRange): boolean {
  return outer.bits <= inner.bits && isWithin(outer, inner.address);
}

/** Where clouds answer with credentials, and what is only reached on one's own link. */
const reserved = [
  '169.254.0.0/16',
  'fe80::/10',
  // Translated into IPv4 by who knows which prefix (RFC 8215, RFC 7915).
  '64:ff9b:1::/48',
  '::ffff:0:0:0/96',
  'fd00:ec2::/32',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
].map((text) => parseRange(text) as AddressRange);

/** Whether an address is link-local or a cloud's metadata service: reached only by a permission that names it. */
export function isReserved(address: Address): boolean {
  return reserved.some((range) => isWithin(range, address));
}

/** Whether a network has nothing but such addresses, so that a permission for it means them. */
export function meansReserved(range: AddressRange): boolean {
  return reserved.some((outer) => includesRange(outer, range));
}

/** IPv4 inside IPv6: mapped (RFC 4291), compatible, NAT64 (RFC 6052), 6to4 (RFC 3056). Others stay as they are. */
function embedded(bytes: number[]): number[] {
  const starts = (prefix: number[]): boolean => prefix.every((byte, index) => bytes[index] === byte);
  const zeros = Array<number>(10).fill(0);
  if (starts([...zeros, 255, 255])) return bytes.slice(12);
  if (starts([...zeros, 0, 0]) && bytes.slice(12).some((byte, index) => index < 3 && byte !== 0))
    return bytes.slice(12);
  if (starts([0, 0x64, 0xff, 0x9b, ...Array<number>(8).fill(0)])) return bytes.slice(12);
  if (starts([0x20, 0x02])) return bytes.slice(2, 6);
  return bytes;
}
