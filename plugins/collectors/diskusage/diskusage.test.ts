import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { JsonObject } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectUsage } from './collect.ts';
import diskusage from './index.ts';
import { parseMountinfo, unescapeOctal } from './mountinfo.ts';
import { usage } from './space.ts';

const folder = new URL('./', import.meta.url);
const recorded = (name: string) => new URL(`testdata/${name}/`, folder);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
const options = {
  exclude_types: manifest.options.properties.exclude_types.default as string[],
  exclude_mounts: [] as string[],
};

/** Lets every recorded answer come first, then declares the deadline over. */
const shortPause = async () => {
  await setImmediate();
};

const line = (number: number, point: string, type = 'ext4', root = '/') =>
  `${number} 1 8:${number} ${root} ${point} rw - ${type} /dev/sd${number} rw\n`;
const figures = { sizeBytes: 4e9, freeBytes: 3e9, availableBytes: 2e9, files: 10, filesFree: 5 };

describe('diskusage', () => {
  for (const test of complianceSuite('collector', folder, diskusage, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('reads linux 6.18', async () => {
    const ctx = fixtureContext({ root: recorded('linux-6.18'), options });
    expect(await collectUsage(ctx, shortPause)).toEqual({
      '/': {
        total: 258_020,
        used: 22_800,
        free: 81_098,
        pct_used: 22,
        inodes: { total: 16_777_216, used: 418_445, free: 16_358_771, pct_used: 3 },
        device: '/dev/vda',
        type: 'ext4',
        read_only: false,
      },
    });
  });

  it('reads linux 3.10: escapes, dots, bind mounts, subvolumes, over-mounts; the dead server costs its row only', async () => {
    const ctx = fixtureContext({ root: recorded('linux-3.10'), options });
    const tree = await collectUsage(ctx, shortPause);
    expect(Object.keys(tree)).toEqual([
      '/',
      '/boot',
      '/srv/my files',
      '/btrfs',
      '/btrfs/home',
      '/srv/tab\tand\\slash',
      '/mnt/v1.2',
    ]);
    expect(tree['/srv/my files']).toMatchObject({ total: 1024, used: 973, free: 0, pct_used: 100 });
    expect(tree['/mnt/v1.2']).toMatchObject({ total: 10_485_760, pct_used: 50, type: 'nfs4' });
    expect(tree['/btrfs']).not.toHaveProperty('inodes');
    expect(tree['/srv/tab\tand\\slash']).toMatchObject({ pct_used: 100, read_only: true });
    expect(ctx.logs).toMatchObject([{ level: 'warn', message: '/mnt/dead does not answer' }]);
  });

  it("keeps a container's own root and volumes, not the files its runtime mounts", async () => {
    const ctx = fixtureContext({ root: recorded('docker'), options });
    expect(Object.keys(await collectUsage(ctx, shortPause))).toEqual(['/', '/data']);
  });

  it("reads the host's mounts in a container that watches its host", async () => {
    const ctx = fixtureContext({
      files: { '/proc/self/mountinfo': line(1, '/inner'), '/proc/1/mountinfo': line(1, '/outer') },
      statfs: { '/outer': figures },
      env: { HOST_PROC: '/host/proc' },
      options,
    });
    expect(Object.keys(await collectUsage(ctx, shortPause))).toEqual(['/outer']);
  });

  it('leaves out mounts by type and by path', async () => {
    const ctx = fixtureContext({
      files: {
        '/proc/self/mountinfo': line(1, '/') + line(2, '/mnt') + line(3, '/mnt/x') + line(4, '/mntx', 'zfs'),
      },
      statfs: { '/': figures, '/mnt': figures, '/mnt/x': figures, '/mntx': figures },
      options: { exclude_types: ['zfs'], exclude_mounts: ['/mnt'] },
    });
    expect(Object.keys(await collectUsage(ctx, shortPause))).toEqual(['/']);
  });

  it.each<{ [path: string]: string }>([
    {},
    { '/proc/self/mountinfo': '' },
    { '/proc/self/mountinfo': '22 27 0:21 / /proc rw - proc' },
    { '/proc/self/mountinfo': '22 27 0:21 / /proc rw,relatime\n- - - - - - -\n' },
  ])('is not eligible on %j', async (files) => {
    expect((await runVerb(diskusage, fixtureContext({ files, options }))).status).toBe('not-eligible');
  });

  it('ends at once when its signal fires while a mount hangs', async () => {
    const files = { '/proc/self/mountinfo': line(1, '/') };
    const ctx = fixtureContext({ files, statfs: { '/': 'hang' }, options });
    const run = collectUsage(ctx, async (_, signal) => {
      ctx.abort();
      signal.throwIfAborted();
    });
    await expect(run).rejects.toThrow('aborted');
  });

  it('yields what df yields', async ({ skip }) => {
    if (!existsSync('/bin/df') && process.env.OPSBRO_TEST_REQUIRE !== 'all') skip('needs df');
    const outcome = await runVerb(diskusage, hostContext({ options }));
    const [, row = ''] = execFileSync('/bin/df', ['-P', '-m', '/'], { encoding: 'utf8' }).split('\n');
    const [, total, used, , percent] = row.split(/ +/);
    const root = outcome.status === 'done' ? (outcome.value['/'] as { [key: string]: number }) : {};
    expect(root.total).toBe(Number(total));
    expect(Math.abs((root.used ?? 0) - Number(used))).toBeLessThan(200);
    expect(Math.abs((root.pct_used ?? 0) - Number.parseInt(percent ?? '', 10))).toBeLessThanOrEqual(1);
  });
});

describe('a mount that does not answer', () => {
  const task = (state: string, number = 7) => ({
    [`/proc/self/task/${number}/stat`]: `7 (a b) ${state} 1 7`,
  });
  const remote = (number: number, point: string, server: string) =>
    `${number} 1 0:${number} / ${point} rw - nfs4 ${server}:/x rw\n`;
  const table =
    line(1, '/') +
    remote(2, '/dead/a', 'dead') +
    remote(3, '/dead/b', 'dead') +
    remote(4, '/good', 'good') +
    remote(5, '/also', 'also');
  const hang = { '/dead/a': 'hang', '/dead/b': 'hang' } as const;

  function host(given: { files?: { [path: string]: string }; statfs?: object; state?: JsonObject } = {}) {
    const asked: string[] = [];
    const ctx = fixtureContext({
      statfs: {
        '/': figures,
        '/good': figures,
        '/also': figures,
        '/fixed': figures,
        ...hang,
        ...given.statfs,
      },
      state: given.state ?? {},
      options,
    });
    const tasks = (files: { [path: string]: string }) =>
      ctx.use(undefined, { '/proc/self/mountinfo': table, ...files });
    tasks(given.files ?? task('S'));
    const statFileSystem = (path: string) => {
      asked.push(path);
      return ctx.statFileSystem(path);
    };
    const run = async () => {
      asked.length = 0;
      return Object.keys(await collectUsage({ ...ctx, statFileSystem }, shortPause)).join(' ');
    };
    return { ctx, asked, run, tasks };
  }

  it('costs the rows of its server and no other, and its siblings are not asked', async () => {
    const { ctx, asked, run } = host();
    expect(await run()).toBe('/ /good /also');
    ctx.clock.advance(10_000);
    expect(await run()).toBe('/ /good /also');
    expect(asked).toEqual(['/', '/good', '/also']);
    expect(ctx.logs).toHaveLength(1);
  });

  it('leaves one lane to other servers while it hangs, none when two hang, and local disks theirs', async () => {
    const { ctx, asked, run, tasks } = host({ statfs: { '/also': 'hang' } });
    tasks(task('D'));
    expect(await run()).toBe('/ /good');
    ctx.clock.advance(10_000);
    expect(await run()).toBe('/ /good');
    tasks({ ...task('D', 7), ...task('D', 8) });
    expect(await run()).toBe('/');
    tasks({ ...task('D', 7), ...task('D', 8), ...task('D', 9) });
    expect(await run()).toBe('');
    expect(asked).toEqual([]);
  });

  it.each([
    ['sleeps for a disk or server', task('D')],
    ['waits for a FUSE program', { ...task('S'), '/proc/self/task/7/wchan': 'request_wait_answer' }],
    ['cannot be looked at', {}],
  ])('is not asked again while a thread %s', async (_, files) => {
    const { ctx, asked, run } = host({ files });
    await run();
    ctx.clock.advance(61_000);
    await run();
    expect(asked).not.toContain('/dead/a');
  });

  it('is asked again after 1 min, then 2, when no thread hangs', async () => {
    const { ctx, asked, run } = host();
    await run();
    for (const [waitMs, isAsked] of [
      [59_000, false],
      [2000, true],
      [119_000, false],
      [2000, true],
    ] as const) {
      ctx.clock.advance(waitMs);
      await run();
      expect([waitMs, asked.includes('/dead/a')]).toEqual([waitMs, isAsked]);
    }
  });

  it('on a local disk is asked in the next run when its call has come back', async () => {
    const { asked, run, tasks } = host({ statfs: { '/': 'hang', '/dead/a': figures, '/dead/b': figures } });
    await run();
    tasks(task('D'));
    await run();
    expect(asked).not.toContain('/');
    tasks(task('S'));
    await run();
    expect(asked).toContain('/');
  });

  it('returns with its row', async () => {
    const state = { hung: { '/good': { retryAtMs: 0, waitMs: 60_000 } } };
    const { ctx, run } = host({ state });
    expect(await run()).toBe('/ /good /also');
    expect(ctx.state.hung).not.toHaveProperty(['/good']);
  });

  it.each([
    ['an earlier process', { '/dead/a': { retryAtMs: 1e9, waitMs: 60_000 } }],
    ['nonsense', { '/dead/a': 'x' }],
    ['nonsense all over', []],
  ])('is asked when the state comes from %s', async (_, hung) => {
    const { asked, run } = host({ state: { hung } });
    await run();
    expect(asked).toContain('/dead/a');
  });

  it('is not one that answered while the whole process stood still', async () => {
    const ctx = hostContext({ options });
    let stands = true;
    const statFileSystem: typeof ctx.statFileSystem = (path) => {
      const answer = ctx.statFileSystem(path);
      // As in a virtual machine that is stopped: both the answer and the deadline are there when it goes on.
      if (stands) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
      stands = false;
      return answer;
    };
    const outcome = await runVerb(diskusage, { ...ctx, statFileSystem });
    expect(outcome).toMatchObject({ status: 'done', value: { '/': { pct_used: expect.any(Number) } } });
    expect(ctx.logs).toEqual([]);
  });

  it('lets no slow server use up the run', async () => {
    const { ctx, asked, run } = host();
    const slow = {
      ...ctx,
      statFileSystem: async (path: string) => {
        asked.push(path);
        ctx.clock.advance(2000);
        return figures;
      },
    };
    await run();
    asked.length = 0;
    ctx.state.hung = {};
    await collectUsage(
      slow,
      async (_, signal) => new Promise((_, no) => signal.addEventListener('abort', no)),
    );
    expect(asked.length).toBeLessThan(5);
  });
});

describe('mountinfo', () => {
  it.each([
    ['a\\040b', 'a b'],
    ['\\134\\011\\012', '\\\t\n'],
    ['\\08', '\\08'],
    ['é', 'é'],
  ])('unescapes %s', (text, expected) => {
    expect(unescapeOctal(text)).toBe(expected);
  });

  it('finds the type behind any number of optional fields', () => {
    const text = '1 2 8:1 / /- rw,noatime shared:1 master:2 propagate_from:3 - xfs /dev/x ro\n';
    expect(parseMountinfo(text)).toMatchObject([{ point: '/-', type: 'xfs', readOnly: false }]);
  });
});

describe('usage', () => {
  const mount = parseMountinfo(line(1, '/'))[0];
  it.each([
    [
      'rounds up as df',
      { sizeBytes: 1, freeBytes: 0, availableBytes: 0 },
      { total: 1, used: 1, pct_used: 100 },
    ],
    ['is full for users when only root has space', { freeBytes: 1e9, availableBytes: 0 }, { pct_used: 100 }],
    ['is 0 % when empty', { freeBytes: 4e9, availableBytes: 3e9 }, { used: 0, pct_used: 0 }],
    ['survives more free than there is', { freeBytes: 5e9, filesFree: 11 }, { used: 0, inodes: { used: 0 } }],
  ])('%s', (_, given, expected) => {
    expect(mount && usage(mount, { ...figures, ...given })).toMatchObject(expected);
  });

  it('gives no row for a file system without size', () => {
    expect(mount && usage(mount, { ...figures, sizeBytes: 0 })).toBeUndefined();
  });
});
