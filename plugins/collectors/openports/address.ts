/** Byte order of the machine that wrote the table: the kernel prints each 32-bit word of an address in its own order. */
export type ByteOrder = 'LE' | 'BE';

/** An address of /proc/net, decoded. IPv6 is written as RFC 5952 says. */
export interface Endpoint {
  ip: string;
  port: number;
}

/** Decodes `0100007F:0016` or its 32-digit IPv6 form; undefined when it is neither. */
export function parseEndpoint(text: string, order: ByteOrder): Endpoint | undefined {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  const bytes = [...match[1].matchAll(/.{8}/g)].flatMap(([word]) => wordBytes(word, order));
  return {
    ip: bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes),
    port: Number.parseInt(match[2], 16),
  };
}

function wordBytes(word: string, order: ByteOrder): number[] {
  const bytes = [...word.matchAll(/../g)].map(([byte]) => Number.parseInt(byte, 16));
  return order === 'LE' ? bytes.reverse() : bytes;
}

/** Writes sixteen bytes as RFC 5952 §4 and §5 say: lower case, the longest run of zero groups as `::`, mapped IPv4 dotted. */
export function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.slice(12).join('.')}`;
  const zeros = longestZeroRun(groups);
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (zeros.length < 2) return text(groups);
  return `${text(groups.slice(0, zeros.start))}::${text(groups.slice(zeros.start + zeros.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [at, group] of groups.entries()) {
    if (group !== 0) start = at + 1;
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start };
  }
  return best;
}
