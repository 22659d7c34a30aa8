import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';

/** Datagrams that the kernel dropped since the socket was bound, for want of room; undefined where it does not tell. */
export async function kernelDrops(address: string, port: number): Promise<number | undefined> {
  // Of this process' own network namespace: what HOST_PROC names may be another's.
  const text = await readFile(`/proc/self/net/${isIPv6(address) ? 'udp6' : 'udp'}`, 'utf8').catch(() => '');
  return dropsIn(text, address, port);
}

/** Reads the table of UDP sockets, whose last column counts drops. */
export function dropsIn(text: string, address: string, port: number): number | undefined {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const start = isIPv6(address) ? '' : littleEndian(address);
  for (const line of text.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const local = columns[1] ?? '';
    if (!local.endsWith(ending) || !local.startsWith(start)) continue;
    const drops = Number(columns.at(-1));
    if (columns.length >= 13 && Number.isSafeInteger(drops)) return drops;
  }
  return undefined;
}

function littleEndian(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'));
  return bytes.reverse().join('');
}
