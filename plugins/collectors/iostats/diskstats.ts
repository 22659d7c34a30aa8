/**
 * The columns of `/proc/diskstats` after the name (Documentation/admin-guide/iostats.rst): eleven since 2.6, the discards since
 * 4.18, the flushes since 5.5.
 */
export const columns = [
  'reads',
  'reads_merged',
  'read_sectors',
  'read_ms',
  'writes',
  'writes_merged',
  'write_sectors',
  'write_ms',
  'in_progress',
  'busy_ms',
  'queue_ms',
  'discards',
  'discards_merged',
  'discard_sectors',
  'discard_ms',
  'flushes',
  'flush_ms',
] as const;

const leastColumns = 11;

/** What a disk counted since boot; columns its kernel does not have are absent. */
export type DiskCounters = { [column in (typeof columns)[number]]?: number };

/** The disks of `/proc/diskstats` that `isWanted` names. Lines with too few numbers are left out. */
export function parseDiskstats(text: string, isWanted: (name: string) => boolean): Map<string, DiskCounters> {
  const disks = new Map<string, DiskCounters>();
  for (const line of text.split('\n')) {
    const [, , name, ...fields] = line.trim().split(/ +/);
    if (name === undefined || fields.length < leastColumns || !isWanted(name)) continue;
    const numbers = fields.slice(0, columns.length).map(Number);
    if (!numbers.every(Number.isFinite)) continue;
    disks.set(name, Object.fromEntries(numbers.map((value, index) => [columns[index], value])));
  }
  return disks;
}

const partition = /^(?:[shv]d[a-z]+\d+|xvd[a-z]+\d+|.*\dp\d+)$/;

/** Says by its name alone whether a block device is a partition, for hosts without `/sys/block`. */
export function isPartitionName(name: string): boolean {
  return partition.test(name);
}

/** Says whether a name matches one of the patterns; a `*` at the end of a pattern stands for any text. */
export function isExcluded(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

/** Counters of all disks, flat, as `ctx.state` keeps them: `sda 3` is the fourth column of `sda`. `in_progress` is none. */
export function flatCounters(disks: Map<string, DiskCounters>): { [key: string]: number } {
  const flat: { [key: string]: number } = {};
  for (const [name, counters] of disks)
    for (const [index, column] of columns.entries()) {
      const counter = counters[column];
      if (counter !== undefined && column !== 'in_progress') flat[`${name} ${index}`] = counter;
    }
  return flat;
}
