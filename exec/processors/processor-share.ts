import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';

/** How many processors this process may use, and whether that is all of the host's. */
export interface ProcessorShare {
  processors: number;
  isWhole: boolean;
}

/** Of the host's processors, what affinity and the quotas of control groups (cgroups(7), `cpu.max` and `cpu.cfs_quota_us`) leave. */
export function processorShare(
  root = '',
  given = availableParallelism(),
  all = cpus().length,
): ProcessorShare {
  const processors = Math.max(1, Math.min(given, Math.ceil(quotaOf(root))));
  return { processors, isWhole: processors >= all };
}

/** The least quota of this process's groups, in processors; infinite where there is none. */
function quotaOf(root: string): number {
  const groups = read(`${root}/proc/self/cgroup`).trim().split('\n');
  const quotas = groups.flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '') return upwards(path).map((group) => quotaOfTwo(`${root}/sys/fs/cgroup${group}`));
    if (!controllers.split(',').includes('cpu')) return [];
    return upwards(path).map((group) => quotaOfOne(`${root}/sys/fs/cgroup/${controllers}${group}`));
  });
  return Math.min(Number.POSITIVE_INFINITY, ...quotas);
}

/** A group and those that it is in. */
function upwards(path: string): string[] {
  return path === '/' || path === '.' ? ['/'] : [path, ...upwards(dirname(path))];
}

function quotaOfTwo(group: string): number {
  const [quota, period] = read(join(group, 'cpu.max')).trim().split(' ').map(Number);
  return ratio(quota, period);
}

function quotaOfOne(group: string): number {
  return ratio(Number(read(join(group, 'cpu.cfs_quota_us'))), Number(read(join(group, 'cpu.cfs_period_us'))));
}

function ratio(quota = 0, period = 0): number {
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
