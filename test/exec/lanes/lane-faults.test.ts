import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hidesChannels } from '../../../exec/lanes/launch.ts';
import { scratchDirectory } from '../../scratch.ts';
import { openPool, type PoolFixture, processesWith } from './pool-fixture.ts';

const shells = ['/bin/sh', '/bin/bash'].filter((path) => existsSync(path));
let pool: PoolFixture | undefined;

afterEach(() => pool?.dispose());

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

it('takes busybox for a shell whose scripts can name its channels', () => {
  const scratch = scratchDirectory();
  symlinkSync('/no/busybox', join(scratch, 'sh'));
  expect(hidesChannels(join(scratch, 'sh'))).toBe(false);
});

describe.each(shells)('a lane of %s', (shell) => {
  it('whose directory is gone makes room for another', async () => {
    pool = openPool(shell, 1);
    await pool.run({ argv: ['true'] });
    for (const name of readdirSync(pool.directory)) rmSync(join(pool.directory, name), { recursive: true });
    expect(await pool.run({ argv: ['true'] })).toMatchObject({ refused: expect.stringContaining('kept in') });
    expect(await pool.run({ argv: ['true'] })).toMatchObject({ code: 0 });
    rmSync(pool.directory, { recursive: true });
    expect(await pool.run({ argv: ['true'] })).toMatchObject({ refused: expect.stringContaining('kept in') });
    expect(await pool.run({ argv: ['echo', 'again'] })).toMatchObject({ code: 0, text: 'again\n' });
  });

  it('that was killed while it was idle has its orders run by others', async () => {
    pool = openPool(shell, 2);
    const { run, groups } = pool;
    await Promise.all([1, 2].map(() => run({ argv: ['sleep', '0.1'] })));
    for (const group of groups) if (group > 0) process.kill(group, 'SIGKILL');
    const results = await Promise.all(numbers(20).map((number) => run({ argv: ['echo', String(number)] })));
    expect(results.map(({ code, text }) => [code, text])).toEqual(numbers(20).map((n) => [0, `${n}\n`]));
  });

  it('leaves nothing running when it is closed between two orders', async () => {
    for (const round of numbers(10)) {
      const closed = openPool(shell, 2);
      await Promise.all([1, 2].map(() => closed.run({ argv: ['true'] })));
      const mark = `7.0${process.pid}${round}`;
      const results = numbers(12).map((number) =>
        closed.run({ argv: ['sleep', number < 2 ? '0.03' : mark] }),
      );
      await results[0];
      closed.dispose();
      await Promise.all(results);
      await expect.poll(() => processesWith(mark)).toEqual([]);
    }
  });

  it('says of a program that is killed what that wrote, and nothing of its words', async () => {
    pool = openPool(shell, 1);
    const { run } = pool;
    await run({ argv: ['true'] });
    const script = 'echo "OK - fine"; kill -9 $$';
    const killed = () => run({ argv: ['sh', '-c', script, '--password', 'secret'] });
    const results = await Promise.all([run({ argv: ['true'] }), run({ argv: ['true'] }), killed(), killed()]);
    // dash adds what its signal is called.
    for (const { text, signal } of results.slice(2))
      expect([text.replace(/Killed\n$/, ''), signal]).toEqual(['OK - fine\n', 'SIGKILL']);
  });

  it('says the same each time of a program that is not there', async () => {
    pool = openPool(shell, 1);
    const { run } = pool;
    await run({ argv: ['true'] });
    const absent = () => run({ argv: ['/no/such/check_x', '-w', '1'] });
    const results = [await absent(), ...(await Promise.all([absent(), absent(), absent()]))];
    for (const { code, text } of results) {
      expect(code).toBe(127);
      expect(text).toMatch(/^\/no\/such\/check_x: .*\n$/i);
    }
  });
});

const refused = mountRefused();

describe.skipIf(refused !== null)(
  `output on a full disk${refused === null ? '' : ` (skipped: ${refused})`}`,
  () => {
    let disk: string;
    const given = process.env.TMPDIR;

    beforeEach(() => {
      disk = scratchDirectory();
      expect(mount(disk)).toBe(null);
      process.env.TMPDIR = disk;
    });

    afterEach(() => {
      if (given === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = given;
      spawnSync('umount', ['--lazy', disk]);
    });

    it('runs no order twice and loses no end', async () => {
      pool = openPool('/bin/sh', 1);
      const { run } = pool;
      await run({ argv: ['true'] });
      const ran = join(given ?? '/tmp', `opsbro-ran-${process.pid}`);
      expect(() => {
        for (;;) appendFileSync(join(disk, 'fill'), Buffer.alloc(4096));
      }).toThrow('ENOSPC');
      const results = await Promise.all(
        numbers(15).map((number) => run({ shell: `echo ${number} >>${ran}; sleep 0.02; true` })),
      );
      const lines = readFileSync(ran, 'utf8').trim().split('\n').map(Number);
      rmSync(ran);
      expect(lines.sort((a, b) => a - b)).toEqual(numbers(15));
      expect(results).toHaveLength(15);
    });
  },
);

function mount(path: string): string | null {
  const { status, error, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], {
    encoding: 'utf8',
  });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

/** Why no file system can be mounted here; null when it can. */
function mountRefused(): string | null {
  const probe = mkdtempSync(join(tmpdir(), 'opsbro-mount-'));
  const why = mount(probe);
  if (why === null) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  if (why !== null && process.env.OPSBRO_TEST_REQUIRE === 'all') throw new Error(`cannot mount: ${why}`);
  return why;
}
