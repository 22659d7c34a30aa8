/** The columns of `/proc/net/dev` under the names of our keys, in order. */
export const columns = [
  'recv_bytes',
  'recv_packets',
  'recv_errs',
  'recv_drop',
  'recv_fifo',
  'recv_frame',
  'recv_compressed',
  'recv_multicast',
  'trans_bytes',
  'trans_packets',
  'trans_errs',
  'trans_drop',
  'trans_fifo',
  'trans_colls',
  'trans_carrier',
  'trans_compressed',
] as const;

const rated: readonly string[] = ['recv_bytes', 'recv_packets', 'trans_bytes', 'trans_packets'];

/**
 * The counters of each interface in `/proc/net/dev`, in the order of `columns`. Lines that do not hold sixteen numbers are left
 * out. A name may hold colons (an alias), and kernels before 2.6.35 put no space between name and first number.
 */
export function parseNetDev(text: string): Map<string, number[]> {
  const interfaces = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const counters = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    if (counters.length === columns.length && counters.every(Number.isFinite))
      interfaces.set(line.slice(0, colon).trim(), counters);
  }
  return interfaces;
}

/** Counters of all interfaces, flat, as `ctx.state` keeps them: `eth0 3` is the fourth column of `eth0`. */
export function flatCounters(interfaces: Map<string, number[]>): { [key: string]: number } {
  const flat: { [key: string]: number } = {};
  for (const [name, counters] of interfaces)
    for (const [index, counter] of counters.entries()) flat[`${name} ${index}`] = counter;
  return flat;
}

/** One interface's values: growth since the previous run and rates where `change` has them, raw counters as `…_total`. */
export function interfaceTree(
  name: string,
  counters: number[],
  change: { seconds: number; deltas: { [key: string]: number } } | undefined,
): { [key: string]: number } {
  const tree: { [key: string]: number } = {};
  for (const [index, column] of columns.entries()) {
    const delta = change?.deltas[`${name} ${index}`];
    if (change !== undefined && delta !== undefined) {
      tree[column] = delta;
      if (rated.includes(column)) tree[`${column}/s`] = Math.round((delta * 100) / change.seconds) / 100;
    }
    tree[`${column}_total`] = counters[index] ?? 0;
  }
  return tree;
}

/** Says whether a name matches one of the patterns, in which a `*` stands for any text. */
export function isExcluded(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const [head = '', ...rest] = pattern.split('*');
    if (rest.length === 0) return name === pattern;
    const tail = rest.pop() ?? '';
    if (!name.startsWith(head) || name.length < head.length + tail.length || !name.endsWith(tail))
      return false;
    let at = head.length;
    for (const part of rest) {
      at = name.indexOf(part, at);
      if (at < 0) return false;
      at += part.length;
    }
    return at <= name.length - tail.length;
  });
}
