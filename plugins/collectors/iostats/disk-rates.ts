import { columns, type DiskCounters } from './diskstats.ts';

const sectorBytes = 512;

/** Growth of one disk's counters between two samples. */
export function diskDeltas(name: string, deltas: { [key: string]: number }): DiskCounters {
  const own: DiskCounters = {};
  for (const [index, column] of columns.entries()) {
    const delta = deltas[`${name} ${index}`];
    if (delta !== undefined) own[column] = delta;
  }
  return own;
}

/**
 * Figures of one disk over `seconds`, under our names and under those of `iostat -x -k`. A figure whose counters are unknown or
 * went backwards is left out. Two decimals.
 */
export function diskRates(grown: DiskCounters, seconds: number): { [key: string]: number } {
  const perSecond = (delta: number | undefined, scale = 1) => divided(delta, seconds, scale);
  const requests = sum(grown.reads, grown.writes);
  const util = divided(grown.busy_ms, seconds, 1 / 10);
  const figures: { [key: string]: number | undefined } = {
    'reads/s': perSecond(grown.reads),
    'reads_merged/s': perSecond(grown.reads_merged),
    'writes/s': perSecond(grown.writes),
    'writes_merged/s': perSecond(grown.writes_merged),
    'read_bytes/s': perSecond(grown.read_sectors, sectorBytes),
    'write_bytes/s': perSecond(grown.write_sectors, sectorBytes),
    // The kernel rounds its milliseconds, so a busy disk can seem busier than time allows.
    'util%': util === undefined ? undefined : Math.min(100, util),
    'discards/s': perSecond(grown.discards),
    'discards_merged/s': perSecond(grown.discards_merged),
    'discard_bytes/s': perSecond(grown.discard_sectors, sectorBytes),
    'flushes/s': perSecond(grown.flushes),
    'rkB/s': perSecond(grown.read_sectors, sectorBytes / 1024),
    'wkB/s': perSecond(grown.write_sectors, sectorBytes / 1024),
    'avgrq-sz': average(sum(grown.read_sectors, grown.write_sectors), requests),
    'avgqu-sz': divided(grown.queue_ms, seconds, 1 / 1000),
    await: average(sum(grown.read_ms, grown.write_ms), requests),
    r_await: average(grown.read_ms, grown.reads),
    w_await: average(grown.write_ms, grown.writes),
    svctm: average(grown.busy_ms, requests),
  };
  for (const [alias, key] of aliases) figures[alias] = figures[key];
  return Object.fromEntries(
    Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

const aliases = [
  ['r/s', 'reads/s'],
  ['w/s', 'writes/s'],
  ['rrqm/s', 'reads_merged/s'],
  ['wrqm/s', 'writes_merged/s'],
  ['%util', 'util%'],
] as const;

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function divided(value: number | undefined, by: number, scale: number): number | undefined {
  return value === undefined ? undefined : Math.round((value * scale * 100) / by) / 100;
}

function average(value: number | undefined, count: number | undefined): number | undefined {
  if (value === undefined || count === undefined) return undefined;
  return count === 0 ? 0 : Math.round((value * 100) / count) / 100;
}
