import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { processorShare } from '../../../exec/processors/processor-share.ts';
import { scratchDirectory } from '../../scratch.ts';

/** A root of a file system that has these files. */
function rootOf(files: { [path: string]: string }): string {
  const root = scratchDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(`${root}${path}`), { recursive: true });
    writeFileSync(`${root}${path}`, text);
  }
  return root;
}

const two = '/sys/fs/cgroup';
const one = '/sys/fs/cgroup/cpu,cpuacct';

it.each<[string, { [path: string]: string }, number]>([
  ['nothing', {}, 8],
  ['a group without a quota', { '/proc/self/cgroup': '0::/\n', [`${two}/cpu.max`]: 'max 100000\n' }, 8],
  ['a container', { '/proc/self/cgroup': '0::/\n', [`${two}/cpu.max`]: '150000 100000\n' }, 2],
  [
    'a unit within a slice that has less',
    {
      '/proc/self/cgroup': '0::/a.slice/b.service\n',
      [`${two}/a.slice/cpu.max`]: '300000 100000\n',
      [`${two}/a.slice/b.service/cpu.max`]: '700000 100000\n',
    },
    3,
  ],
  ['less than a processor', { '/proc/self/cgroup': '0::/\n', [`${two}/cpu.max`]: '5000 100000\n' }, 1],
  [
    'groups of the first version',
    {
      '/proc/self/cgroup': '7:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n',
      [`${one}/cpu.cfs_quota_us`]: '400000\n',
      [`${one}/cpu.cfs_period_us`]: '100000\n',
    },
    4,
  ],
  [
    'none of the first version',
    {
      '/proc/self/cgroup': '4:cpu,cpuacct:/\n',
      [`${one}/cpu.cfs_quota_us`]: '-1\n',
      [`${one}/cpu.cfs_period_us`]: '100000\n',
    },
    8,
  ],
  ['nonsense', { '/proc/self/cgroup': 'x\n::\n0::/\n', [`${two}/cpu.max`]: '\0' }, 8],
])('takes what %s leaves of eight processors', (_, files, processors) => {
  const isWhole = processors === 8;
  expect(processorShare(rootOf(files), 8, 8)).toEqual({ processors, isWhole });
  expect(processorShare(rootOf(files), 8, 64).isWhole).toBe(false);
});

it('finds some on this host', () => {
  expect(processorShare().processors).toBeGreaterThan(0);
});
