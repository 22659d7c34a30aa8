import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandRequest, CommandResult } from '../../../exec/command.ts';
import { openPool, type PoolFixture, processesWith } from './pool-fixture.ts';

const shells = ['/bin/sh', '/bin/bash'].filter((path) => existsSync(path));
const isRoot = process.getuid?.() === 0;
let pool: PoolFixture;
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-exec-scratch-'));
});

afterEach(() => {
  pool.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

/** Holds this thread, as when its process is stopped and continued. */
const standStill = (ms: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Number of seconds no other process sleeps for. */
const unique = (): string => `77.${process.pid}${Math.floor(Math.random() * 1e6)}`;

describe.each(shells)('a lane of %s', (shell) => {
  beforeEach(() => {
    pool = openPool(shell, 1);
  });

  it('ends what nobody waits for, whether it runs or waits', async () => {
    const running = pool.run({ argv: ['sleep', unique()], stdin: 'x', capture: true });
    await expect
      .poll(() => readdirSync(join(pool.directory, 'lane-1')))
      .toContainEqual(expect.stringMatching(/in$/));
    const [lane = ''] = readdirSync(pool.directory);
    pool.endLast();
    expect(await running).toMatchObject({ code: null, killedFor: 'timeout' });
    expect(readdirSync(join(pool.directory, lane))).toEqual([]);
    const first = pool.run({ argv: ['sleep', '0.2'] });
    const waiting = [1, 2, 3, 4, 5].map(() => pool.run({ argv: ['true'] }));
    pool.endLast();
    expect((await Promise.all(waiting)).map(({ refused }) => refused).at(-1)).toBe('nobody waits for it');
    expect(await first).toMatchObject({ code: 0 });
  });

  it.each<[string, CommandRequest, Partial<CommandResult>]>([
    [
      'words',
      { argv: ['printf', '%s|', "it's", 'a "b"', '$HOME', '*', ''] },
      { code: 0, text: 'it\'s|a "b"|$HOME|*||' },
    ],
    ['an exit code', { argv: ['sh', '-c', 'exit 3'] }, { code: 3, text: '' }],
    ['both streams', { shell: 'echo a; echo b >&2' }, { code: 0, text: 'a\nb\n' }],
    ['captured streams', { shell: 'echo a; echo b >&2', capture: true }, { text: 'a\n', errorText: 'b\n' }],
    ['its input', { argv: ['cat'], stdin: "it's\0$HOME\n" }, { code: 0, text: "it's\0$HOME\n" }],
    ['input that nobody reads', { argv: ['true'], stdin: 'x'.repeat(200_000) }, { code: 0, text: '' }],
    ['exit', { shell: 'echo a; exit 2; echo b' }, { code: 2, text: 'a\n' }],
    ['exec', { shell: 'exec echo a' }, { code: 0, text: 'a\n' }],
    ['cd', { shell: 'cd /tmp && pwd' }, { code: 0, text: '/tmp\n' }],
    ['set -e', { shell: 'set -e; echo a; false; echo b' }, { code: 1, text: 'a\n' }],
    ['trap', { shell: "trap 'echo bye' EXIT; echo a" }, { code: 0, text: 'a\nbye\n' }],
    ['a here-document', { shell: "cat <<END\na'b\nEND\n" }, { code: 0, text: "a'b\n" }],
    ['reading input', { shell: 'cat; read line; echo "[$line]"' }, { code: 0, text: '[]\n' }],
    ['an option for eval', { shell: '-x' }, { code: 127 }],
    ['NUL and no UTF-8', { shell: "printf 'a\\000b\\377c'" }, { code: 0, text: 'a\0b\ufffdc' }],
    ['closed streams', { shell: 'echo a; exec >&- 2>&-; sleep 0.05; exit 1' }, { code: 1, text: 'a\n' }],
    ['kill -9 $$', { shell: 'echo a; kill -9 $$; sleep 5' }, { code: null, signal: 'SIGKILL', text: 'a\n' }],
    ['kill 0', { shell: 'echo a; kill 0; sleep 5' }, { code: null, signal: 'SIGTERM' }],
    ['a signal', { argv: ['sh', '-c', 'kill -11 $$'] }, { code: null, signal: 'SIGSEGV' }],
    [
      'no such program',
      { argv: ['no-such-program', 'a'] },
      { code: 127, text: 'no-such-program: not found' },
    ],
    ['no such path', { argv: ['/no/such', 'a'] }, { code: 127 }],
    ['the end of the lane', { shell: 'exit 1; }; exit' }, {}],
    [
      'a fake end',
      { shell: '(echo "0123456789abcdef 0" >/proc/$$/fd/1) 2>/dev/null; echo a; exit 2' },
      { code: 2, text: 'a\n' },
    ],
    [
      'too much output',
      { shell: 'yes 12345678 | head -c 100000; exit 1', outputBytes: 20 },
      { code: 1, truncated: true, text: '12345678\n12345678\n' },
    ],
    ['NUL in a script', { shell: 'echo \0' }, { refused: 'it contains a NUL character' }],
    ['nothing', { argv: [] }, { refused: 'it is empty' }],
  ])('outlives %s', async (_, request, expected) => {
    expect(await pool.run(request)).toMatchObject(expected);
    expect(await pool.run({ argv: ['echo', 'next'] })).toMatchObject({ code: 0, text: 'next\n' });
    expect(await pool.run({ shell: 'pwd; umask' })).toMatchObject({ code: 0, text: '/\n0022\n' });
  });

  it.each(["echo 'a", 'echo "a', 'if true', '(', 'cat <<', '${a', '`', ')', '}; echo a', "';echo a"])(
    'says what is wrong with %j',
    async (script) => {
      const { code, text } = await pool.run({ shell: script });
      expect(code).not.toBe(0);
      expect(text).toMatch(/error|unexpected|bad|unterminated|EOF|not found/i);
      expect(await pool.run({ argv: ['echo', 'next'] })).toMatchObject({ code: 0, text: 'next\n' });
    },
  );

  it('opens nothing for a command but its three streams', async () => {
    // Whoever started this process may have left something open.
    const inherited = spawnSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout;
    expect((await pool.run({ argv: ['ls', '/proc/self/fd'] })).text).toBe(inherited);
    expect((await pool.run({ shell: 'ls /proc/self/fd; true' })).text).toBe(inherited);
  });

  it('does not wait for a grandchild, and shows its later output to nobody', async () => {
    const flag = join(scratch, 'flag');
    const leak = `(sleep 0.2; echo LEAK; echo LEAK >&2; : >${flag}) &`;
    const daemon = `setsid sh -c 'sleep 0.2; echo LEAK; : >${flag}2' &`;
    expect(await pool.run({ shell: `${leak} ${daemon} echo a` })).toMatchObject({ code: 0, text: 'a\n' });
    while (!existsSync(flag) || !existsSync(`${flag}2`))
      expect(await pool.run({ shell: 'echo b; sleep 0.01' })).toMatchObject({ text: 'b\n' });
    expect(await pool.run({ argv: ['echo', 'c'] })).toMatchObject({ text: 'c\n' });
    expect(readdirSync(join(pool.directory, readdirSync(pool.directory)[0] ?? ''))).toEqual([]);
  });

  it('ends a command and what it started at its timeout', async () => {
    const seconds = unique();
    const script = `echo a; sleep ${seconds} & setsid sleep ${seconds} & sleep ${seconds}`;
    const result = await pool.run({ shell: script, timeoutMs: 200 });
    expect(result).toMatchObject({ timedOut: true, killedFor: 'timeout' });
    expect(result.text).toMatch(/^a\n/);
    await expect.poll(() => processesWith(seconds)).toEqual([]);
    expect(await pool.run({ argv: ['sleep', seconds], timeoutMs: 100 })).toMatchObject({
      timedOut: true,
      signal: 'SIGTERM',
    });
    expect(await pool.run({ argv: ['echo', 'next'] })).toMatchObject({ code: 0, text: 'next\n' });
  });

  it('kills what ignores TERM, also when its parent has ended by it', async () => {
    const seconds = unique();
    const ignoring = `trap '' TERM; sleep ${seconds}; sleep ${seconds}`;
    expect(await pool.run({ shell: ignoring, timeoutMs: 100 })).toMatchObject({
      timedOut: true,
      signal: 'SIGKILL',
    });
    const child = await pool.run({ shell: `(${ignoring}) & sleep ${seconds}`, timeoutMs: 100 });
    expect(child).toMatchObject({ timedOut: true, signal: 'SIGTERM' });
    await expect.poll(() => processesWith(seconds)).toEqual([]);
    expect(await pool.run({ argv: ['echo', 'next'] })).toMatchObject({ code: 0, text: 'next\n' });
  });

  it('lets a command say goodbye at its timeout', async () => {
    const script = "trap 'echo bye; exit 1' TERM; sleep 20 & wait";
    const result = await pool.run({ shell: script, timeoutMs: 150 });
    expect(result).toMatchObject({ timedOut: true, code: 1, text: 'bye\n' });
  });

  it('leaves what an earlier command left behind when a later one is killed', async () => {
    const seconds = unique();
    await pool.run({ shell: `sleep ${seconds} & true` });
    await pool.run({ argv: ['sleep', '0.1'] });
    await pool.run({ argv: ['sleep', '20'], timeoutMs: 100 });
    const [left] = processesWith(seconds);
    expect(left).toBeGreaterThan(1);
    process.kill(left ?? 0, 'SIGKILL');
  });

  it('loses nothing that ended while it stood still itself, and counts none of that time', async () => {
    pool.dispose();
    pool = openPool(shell, 2);
    // Two lanes are up, so that none starts meanwhile.
    await Promise.all([pool.run({ argv: ['sleep', '0.1'] }), pool.run({ argv: ['sleep', '0.1'] })]);
    const sleeper = unique();
    const ended = pool.run({ shell: 'sleep 0.2; echo fine; exit 1', timeoutMs: 1000 });
    const running = pool.run({ argv: ['sleep', sleeper], timeoutMs: 1000 });
    const waits = pool.run({ argv: ['echo', 'next'] });
    await expect.poll(() => processesWith(sleeper)).toHaveLength(1);
    standStill(2500);
    expect(await ended).toMatchObject({ code: 1, timedOut: false, text: 'fine\n' });
    expect((await ended).durationMs).toBeLessThan(1200);
    expect(await waits).toMatchObject({ code: 0, text: 'next\n' });
    // It has what is left of its own time.
    expect(await running).toMatchObject({ timedOut: true, killedFor: 'timeout' });
    expect((await running).durationMs).toBeGreaterThanOrEqual(1000);
    expect((await running).durationMs).toBeLessThan(2500);
  });

  it('replaces a shell that was stopped', async () => {
    expect(await pool.run({ shell: 'kill -STOP $$; sleep 1', timeoutMs: 1500 })).toMatchObject({
      timedOut: true,
    });
    expect(await pool.run({ argv: ['echo', 'next'] })).toMatchObject({ code: 0, text: 'next\n' });
  });

  it.each(['yes', 'yes >&2', 'yes & yes'])('kills a flood: %s', async (script) => {
    const result = await pool.run({ shell: script });
    expect(result).toMatchObject({ killedFor: 'flood', timedOut: false, truncated: true });
    expect(result.text.length).toBeLessThanOrEqual(65_536);
    expect(await pool.run({ argv: ['echo', 'next'] })).toMatchObject({ code: 0, text: 'next\n' });
  });

  it('is gone with its directory when the pool closes, and so is its command', async () => {
    const seconds = unique();
    const running = pool.run({ argv: ['sleep', seconds] });
    await expect.poll(() => processesWith(seconds).length).toBe(1);
    pool.dispose();
    expect(await running).toMatchObject({ code: null, signal: 'SIGKILL' });
    await expect.poll(() => processesWith(seconds)).toEqual([]);
    await expect.poll(() => processesWith(pool.directory)).toEqual([]);
  });
});

describe('a pool', () => {
  it('passes on nothing of its own environment, and gives each environment its own lane', async () => {
    pool = openPool();
    process.env.OPSBRO_TEST_LEAK = 'leak';
    const plain = await pool.run({ argv: ['env'] });
    const configured = await pool.run({ argv: ['env'], environment: { A: "b'c", LANG: 'C.UTF-8' } });
    delete process.env.OPSBRO_TEST_LEAK;
    const lines = (text: string): string[] =>
      text.split('\n').filter((line) => !/^(_|PWD|SHLVL|OLDPWD)?=|^$/.test(line));
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    expect(lines(plain.text).sort()).toEqual(['LANG=C', `PATH=${path}`]);
    expect(lines(configured.text).sort()).toEqual(["A=b'c", 'LANG=C.UTF-8', `PATH=${path}`]);
  });

  it('runs more long commands at a time than it has lanes for short ones', async () => {
    pool = openPool('/bin/sh', 2);
    const flag = join(scratch, 'flag');
    const waiting = Array.from({ length: 12 }, () =>
      pool.run({ shell: `while [ ! -e ${flag} ]; do sleep 0.02; done; echo a` }),
    );
    await expect.poll(() => pool.groups.filter((group) => group > 0).length).toBe(12);
    writeFileSync(flag, '');
    const results = await Promise.all(waiting);
    expect(results.map(({ text }) => text)).toEqual(Array(12).fill('a\n'));
  });

  it('uses more lanes for short commands while processors stand idle', async () => {
    pool = openPool('/bin/sh', 8, 256, 1, 0.9);
    await Promise.all(Array.from({ length: 400 }, () => pool.run({ argv: ['sleep', '0.02'] })));
    expect(pool.groups.filter((group) => group > 0).length).toBeGreaterThanOrEqual(8);
  });

  it('ends many commands that time out together', async () => {
    pool = openPool('/bin/sh', 30);
    const seconds = unique();
    const script = `sleep ${seconds} & sleep ${seconds}`;
    const runs = Array.from({ length: 30 }, () => pool.run({ shell: script, timeoutMs: 1000 }));
    const results = await Promise.all(runs);
    expect(results.every(({ timedOut, signal }) => timedOut && signal === 'SIGTERM')).toBe(true);
    await expect.poll(() => processesWith(seconds)).toEqual([]);
  });

  it('keeps lanes from commands that lately took long', async () => {
    pool = openPool('/bin/sh', 3, 3);
    const long = (): Promise<CommandResult>[] =>
      Array.from({ length: 3 }, () => pool.run({ argv: ['sleep', '1.1'] }));
    await Promise.all(long());
    const hung = long();
    const first = await Promise.race([pool.run({ argv: ['echo', 'a'] }), ...hung]);
    expect(first.text).toBe('a\n');
    await Promise.all(hung);
  });

  it('makes room for another kind of command at the limit of its lanes', async () => {
    pool = openPool('/bin/sh', 2, 2);
    await Promise.all([1, 2].map(() => pool.run({ argv: ['sleep', '0.05'] })));
    const others = [1, 2, 3].map((nice) => pool.run({ argv: ['nice'], nice }));
    const own = Number((await pool.run({ argv: ['nice'] })).text);
    expect((await Promise.all(others)).map(({ text }) => Number(text) - own)).toEqual([1, 2, 3]);
  });

  it.runIf(existsSync('/proc/self/autogroup'))(
    'gives way to the agent, and more so when told to',
    async () => {
      pool = openPool();
      const weigh = async (nice: number): Promise<string | undefined> => {
        const { text } = await pool.run({ argv: ['cat', '/proc/self/autogroup'], nice });
        return /nice (\d+)/.exec(text)?.[1];
      };
      // Without rights the kernel may refuse at first, as other lanes came before.
      await expect.poll(() => weigh(0)).toBe('7');
      await expect.poll(() => weigh(5)).toBe('12');
      await expect.poll(() => weigh(19)).toBe('19');
    },
  );

  it('starts no more lanes where shells take long to start, as on a host without a free processor', async () => {
    const slow = join(scratch, 'slow-shell');
    writeFileSync(slow, '#!/bin/sh\nsleep 0.3\nexec /bin/sh "$@"\n', { mode: 0o700 });
    pool = openPool(slow, 3);
    const commands = Array.from({ length: 12 }, () => pool.run({ argv: ['sleep', '0.15'] }));
    await Promise.all(commands);
    expect(pool.groups.filter((group) => group !== 0)).toHaveLength(3);
  });

  it('says why the output of a command could not be kept', async () => {
    pool = openPool();
    await pool.run({ argv: ['true'] });
    rmSync(pool.directory, { recursive: true });
    expect((await pool.run({ argv: ['echo', 'a'] })).refused).toMatch(/^its output could not be kept in /);
  });

  it('says why a shell could not be started', async () => {
    pool = openPool('/bin/false');
    const why = 'a shell could not be started: it said nothing';
    expect(await pool.run({ argv: ['true'] })).toMatchObject({ refused: why });
    expect(await pool.run({ argv: ['true'] })).toMatchObject({ refused: why });
    pool.dispose();
    pool = openPool('/no/such/shell');
    expect((await pool.run({ argv: ['true'] })).refused).toMatch(/could not be started: spawn .*ENOENT/);
  });

  it('says so when the system refuses to start a shell', async () => {
    pool = openPool();
    const environment = { A: 'x'.repeat(200_000) };
    const why = /^a shell could not be started: spawn E2BIG/;
    expect((await pool.run({ argv: ['true'], environment })).refused).toMatch(why);
    expect((await pool.run({ argv: ['true'], environment })).refused).toMatch(why);
    expect(await pool.run({ argv: ['echo', 'a'] })).toMatchObject({ text: 'a\n' });
  });

  it.skipIf(!isRoot)('runs as another user, who cannot make it read what is not theirs', async () => {
    pool = openPool();
    const { text } = await pool.run({ shell: 'id -un; id -gn; pwd', runAs: 'nobody' });
    expect(text).toBe('nobody\nnogroup\n/\n');
    const secret = join(scratch, 'secret');
    writeFileSync(secret, 'SECRET', { mode: 0o600 });
    const script = 'exec 3>&1; file=$(readlink /proc/self/fd/3); rm "$file"; ln -s $SECRET_FILE "$file"';
    const stolen = await pool.run({ shell: script, runAs: 'nobody', environment: { SECRET_FILE: secret } });
    expect(stolen).toMatchObject({ text: '', refused: expect.stringMatching(/could not be kept/) });
    expect(readFileSync(secret, 'utf8')).toBe('SECRET');
  });

  it.skipIf(!isRoot)('says which user does not exist', async () => {
    pool = openPool();
    expect((await pool.run({ argv: ['id'], runAs: 'no-such-user' })).refused).toMatch(
      /^a shell of user no-such-user could not be started: .*no such user/,
    );
  });
});
