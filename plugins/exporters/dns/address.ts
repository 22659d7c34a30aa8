import { isIPv4, isIPv6 } from 'node:net';

/** An address in the one spelling that compares: IPv4 as it is, IPv6 in eight groups of four. Undefined for what is none. */
export function canonical(address: string): string | undefined {
  if (isIPv4(address)) return address;
  if (!isIPv6(address) || address.includes('%')) return undefined;
  return groupsOf(address)
    .map((group) => group.toString(16).padStart(4, '0'))
    .join(':');
}

/** The eight groups of a sound IPv6 address, without `%`. */
function groupsOf(address: string): number[] {
  const [before = '', after] = address.split('::');
  const head = halfOf(before);
  if (after === undefined) return head;
  const tail = halfOf(after);
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function halfOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
