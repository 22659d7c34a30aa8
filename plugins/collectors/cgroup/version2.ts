import { type Figures, parseCount, parseKeyed, parseLimit, smallest, withLimit } from './figures.ts';
import { directoriesOf, type ReadFile, readAll, readNearest } from './membership.ts';

/** Reads the group at `path` of the version 2 hierarchy at `mount` (Documentation/admin-guide/cgroup-v2.rst). */
export async function readVersion2(mount: string, path: string, read: ReadFile): Promise<Figures> {
  const directories = directoriesOf(mount, path);
  return {
    ...(await memory(directories, read)),
    ...(await cpu(directories, read)),
    ...(await pids(directories, read)),
  };
}

async function memory(directories: readonly string[], read: ReadFile): Promise<Figures> {
  const usage = parseCount(await readNearest(directories, 'memory.current', read));
  if (usage === undefined) return {};
  const limits = (await readAll(directories, 'memory.max', read)).map(parseLimit);
  const stat = parseKeyed(await readNearest(directories, 'memory.stat', read));
  return {
    memory: {
      usage,
      inactiveFile: stat.get('inactive_file') ?? 0,
      swap: parseCount(await readNearest(directories, 'memory.swap.current', read)) ?? 0,
      ...withLimit('limit', smallest(limits)),
    },
  };
}

async function cpu(directories: readonly string[], read: ReadFile): Promise<Figures> {
  const stat = parseKeyed(await readNearest(directories, 'cpu.stat', read));
  const usageUs = stat.get('usage_usec');
  if (usageUs === undefined) return {};
  const limits = (await readAll(directories, 'cpu.max', read)).map(parseCpuMax);
  return {
    cpu: {
      usageUs,
      periods: stat.get('nr_periods') ?? 0,
      throttled: stat.get('nr_throttled') ?? 0,
      throttledUs: stat.get('throttled_usec') ?? 0,
      ...withLimit('limitCores', smallest(limits)),
    },
  };
}

async function pids(directories: readonly string[], read: ReadFile): Promise<Figures> {
  const current = parseCount(await readNearest(directories, 'pids.current', read));
  if (current === undefined) return {};
  const limits = (await readAll(directories, 'pids.max', read)).map(parseLimit);
  return { pids: { current, ...withLimit('limit', smallest(limits)) } };
}

/** Parses cpu.max, `quota period` in microseconds, to cores; undefined for `max 100000`. */
export function parseCpuMax(text: string): number | undefined {
  const [quota, period] = text.trim().split(' ').map(parseCount);
  return quota === undefined || !period ? undefined : quota / period;
}
