import { type Figures, parseCount, parseKeyed, parseLimit, smallest, withLimit } from './figures.ts';
import { directoriesOf, type Membership, type ReadFile, readAll, readNearest } from './membership.ts';

/**
 * Reads the groups of version 1, each controller mounted at `mount/<controller>` as systemd, Docker and LXC do
 * (Documentation/admin-guide/cgroup-v1).
 */
export async function readVersion1(mount: string, membership: Membership, read: ReadFile): Promise<Figures> {
  const directories = (controller: string) =>
    directoriesOf(`${mount}/${controller}`, membership.controllers[controller] ?? '/');
  return {
    ...(await memory(directories('memory'), read)),
    ...(await cpu(directories('cpu'), directories('cpuacct'), read)),
    ...(await pids(directories('pids'), read)),
  };
}

async function memory(directories: readonly string[], read: ReadFile): Promise<Figures> {
  const usage = parseCount(await readNearest(directories, 'memory.usage_in_bytes', read));
  if (usage === undefined) return {};
  const withSwap = parseCount(await readNearest(directories, 'memory.memsw.usage_in_bytes', read));
  const stat = parseKeyed(await readNearest(directories, 'memory.stat', read));
  const limits = (await readAll(directories, 'memory.limit_in_bytes', read)).map(parseLimit);
  // The kernel knows the limit of groups above that a container does not see.
  limits.push(parseLimit(stat.get('hierarchical_memory_limit')?.toString()));
  return {
    memory: {
      usage,
      inactiveFile: stat.get('total_inactive_file') ?? 0,
      swap: Math.max(0, (withSwap ?? usage) - usage),
      ...withLimit('limit', smallest(limits)),
    },
  };
}

async function cpu(
  directories: readonly string[],
  accounting: readonly string[],
  read: ReadFile,
): Promise<Figures> {
  const nanoseconds = parseCount(await readNearest(accounting, 'cpuacct.usage', read));
  if (nanoseconds === undefined) return {};
  const stat = parseKeyed(await readNearest(directories, 'cpu.stat', read));
  const limits = await Promise.all(directories.map((directory) => cores(directory, read)));
  return {
    cpu: {
      usageUs: Math.floor(nanoseconds / 1000),
      periods: stat.get('nr_periods') ?? 0,
      throttled: stat.get('nr_throttled') ?? 0,
      throttledUs: Math.floor((stat.get('throttled_time') ?? 0) / 1000),
      ...withLimit('limitCores', smallest(limits)),
    },
  };
}

/** A quota of -1 is none. */
async function cores(directory: string, read: ReadFile): Promise<number | undefined> {
  const quota = parseLimit(await read(`${directory}/cpu.cfs_quota_us`));
  if (quota === undefined) return undefined;
  const period = parseCount(await read(`${directory}/cpu.cfs_period_us`));
  return period ? quota / period : undefined;
}

async function pids(directories: readonly string[], read: ReadFile): Promise<Figures> {
  const current = parseCount(await readNearest(directories, 'pids.current', read));
  if (current === undefined) return {};
  const limits = (await readAll(directories, 'pids.max', read)).map(parseLimit);
  return { pids: { current, ...withLimit('limit', smallest(limits)) } };
}
