import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CommandRequest, type CommandResult, commandDefaults } from '../../../exec/command.ts';
import { EndsFile } from '../../../exec/lanes/ends-file.ts';
import { LaneDirectory } from '../../../exec/lanes/lane-directory.ts';
import { commandLine, hidesChannels } from '../../../exec/lanes/launch.ts';
import { orderText, type Run } from '../../../exec/lanes/run.ts';
import { openPool, type PoolFixture, processesWith } from './pool-fixture.ts';

const shells = ['/bin/sh', '/bin/bash'].filter((path) => existsSync(path));
let pool: PoolFixture;
let scratch: string;
let flag: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-orders-'));
  flag = join(scratch, 'flag');
});

afterEach(() => {
  writeFileSync(flag, '');
  pool.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

/** A command that tells in a file that it ran, and prints its number; its exit code is the last digit of that. */
const counted = (number: number): CommandRequest => ({
  shell: `echo ${number} >>${scratch}/ran; echo "this is ${number}"; exit ${number % 4}`,
});

/** What ran, in order. */
const ran = (): number[] => readFileSync(join(scratch, 'ran'), 'utf8').trim().split('\n').map(Number);

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const expectOwn = (results: CommandResult[]): void =>
  expect(results.map(({ code, text }) => [code, text])).toEqual(
    results.map((_, number) => [number % 4, `this is ${number}\n`]),
  );

/** Waits until somebody makes the flag. */
const waiter = `while [ ! -e "$FLAG" ]; do sleep 0.02; done`;
const held = (more = ''): CommandRequest => ({
  shell: `${more} ${waiter.replace('$FLAG', flag)}; echo held`,
});

/** Blocks until the shell of a lane has told so many ends in the file that is its standard error. */
function awaitEnds(pid: string, count: number): void {
  const deadline = performance.now() + 20_000;
  const told = (): number => readFileSync(`/proc/${pid}/fd/2`, 'latin1').match(/^\w+ \d+$/gm)?.length ?? 0;
  while (told() < count)
    if (performance.now() > deadline) throw new Error(`the shell told ${told()} ends, not ${count}`);
}

it.skipIf(!hidesChannels('/bin/sh'))(
  'gives to other lanes what the shell passes over before anybody looks again',
  async () => {
    pool = openPool('/bin/sh', 1);
    await pool.run({ argv: ['true'] });
    const replace = LaneDirectory.prototype.replace;
    const spy = vi.spyOn(LaneDirectory.prototype, 'replace').mockImplementationOnce(function (
      this: LaneDirectory,
    ) {
      const moved = replace.call(this);
      writeFileSync(flag, '');
      awaitEnds(readFileSync(join(scratch, 'shell'), 'utf8').trim(), 5);
      return moved;
    });
    // They wait while it runs, and so come to the shell together: six at a time, however long these two take.
    const before = pool.run({ argv: ['true'] });
    const first = pool.run(held(`echo $$ >${scratch}/shell;`));
    expectOwn(await Promise.all(numbers(5).map((number) => pool.run(counted(number)))));
    expect(await first).toMatchObject({ code: 0, text: 'held\n' });
    expect(ran().sort((a, b) => a - b)).toEqual(numbers(5));
    expect(await before).toMatchObject({ code: 0 });
    expect(spy).toHaveBeenCalled();
    spy.mockRestore();
  },
);

describe.each(shells)('a lane of %s with several orders', (shell) => {
  beforeEach(async () => {
    pool = openPool(shell, 1);
    // It is up before they come, and takes them together.
    await pool.run({ argv: ['true'] });
  });

  it('runs each once and in order, and tells its own end and output', async () => {
    expectOwn(await Promise.all(numbers(50).map((number) => pool.run(counted(number)))));
    expect(ran()).toEqual(numbers(50));
    // Where the processors are scarce, the lane may have given some back and gone on with another directory.
    const left = readdirSync(pool.directory).flatMap((lane) => readdirSync(join(pool.directory, lane)));
    expect(left).toEqual([]);
  });

  it('begins none whose output cannot be opened', () => {
    const line = commandLine({ ...commandDefaults, id: 1, shell: 'exit 3' }, {}) ?? '';
    const run = (name: string): Run => ({
      order: { command: { ...commandDefaults, id: 1 }, line, since: 0 },
      file: join(scratch, 'absent', name),
      token: name,
      since: 0,
      startedAt: 0,
      killedFor: null,
      killAt: 0,
      victims: [],
    });
    const script = `trap 'echo it began' CHLD\n${orderText([run('one'), run('two')])}`;
    const { stdout, stderr } = spawnSync(shell, { input: script, encoding: 'utf8' });
    expect(stderr).toMatch(/^one [12]$/m);
    expect(stdout).toMatch(/^two [12]$/m);
    expect(stdout + stderr).not.toContain('it began');
  });

  it('has none of its own channels open to a script', async () => {
    const seeks = {
      shell:
        'for number in 10 11 12 13 14 15; do (eval ": >&$number") 2>/dev/null && echo "$number is open"; done; true',
    };
    const results = await Promise.all(numbers(20).map(() => pool.run(seeks)));
    expect(results.map(({ text }) => text)).toEqual(results.map(() => ''));
  });

  it('gives to others what stands behind one that takes long', async () => {
    const first = pool.run(held());
    expectOwn(await Promise.all(numbers(30).map((number) => pool.run(counted(number)))));
    expect(ran().sort((a, b) => a - b)).toEqual(numbers(30));
    writeFileSync(flag, '');
    expect(await first).toMatchObject({ code: 0, text: 'held\n' });
    expect(await pool.run(counted(1))).toMatchObject({ code: 1, text: 'this is 1\n' });
  });

  it('ends one at its timeout, and neither loses nor repeats the others', async () => {
    const before = numbers(3).map((number) => pool.run(counted(number)));
    const late = pool.run({ ...held('echo late;'), timeoutMs: 300 });
    const behind = [3, 4, 5, 6, 7].map((number) => pool.run(counted(number)));
    expectOwn(await Promise.all([...before, ...behind]));
    expect(await late).toMatchObject({ timedOut: true, text: expect.stringMatching(/^late\n/) });
    expect(ran().sort((a, b) => a - b)).toEqual(numbers(8));
  });

  it('loses one alone when a command kills the shell', async () => {
    const before = numbers(2).map((number) => pool.run(counted(number)));
    const killer = pool.run({ argv: ['sh', '-c', 'echo bad; kill -9 $PPID'] });
    const behind = [2, 3, 4, 5].map((number) => pool.run(counted(number)));
    expectOwn(await Promise.all([...before, ...behind]));
    expect(await killer).toMatchObject({ code: null, signal: 'SIGKILL', text: 'bad\n' });
    expect(ran().sort((a, b) => a - b)).toEqual(numbers(6));
  });

  it('runs one that takes its output away once, and says that it has none', async () => {
    const thief = pool.run(held(`echo 9 >>${scratch}/ran; rm "$(readlink /proc/self/fd/2)";`));
    expectOwn(await Promise.all(numbers(5).map((number) => pool.run(counted(number)))));
    writeFileSync(flag, '');
    expect((await thief).refused).toMatch(/could not be kept/);
    expect(ran().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 9]);
  });

  it('ends what nobody waits for, whether it runs or stands behind', async () => {
    const first = pool.run(held());
    const behind = numbers(3).map((number) => pool.run(counted(number)));
    const last = pool.run(counted(3));
    pool.endLast();
    expect((await last).refused).toBe('nobody waits for it');
    expectOwn(await Promise.all(behind));
    expect(ran()).not.toContain(3);
    writeFileSync(flag, '');
    expect(await first).toMatchObject({ code: 0 });
  });

  it('opens nothing for any of them but its three streams', async () => {
    const inherited = spawnSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout;
    const runs = numbers(6).map((number) =>
      pool.run(number % 2 === 0 ? { argv: ['ls', '/proc/self/fd'] } : { shell: 'ls /proc/self/fd; true' }),
    );
    expect((await Promise.all(runs)).map(({ text }) => text)).toEqual(Array(6).fill(inherited));
  });

  it('believes no end that one of them tells for another', async () => {
    const forger = 'for n in 1 2; do echo 0123456789abcdef 0; echo "0 0"; yes | head -c 1000; done';
    const forged = pool.run({ shell: `(${forger}) >>/proc/$$/fd/2; (${forger}) >/proc/$$/fd/1; exit 3` });
    expectOwn(await Promise.all(numbers(6).map((number) => pool.run(counted(number)))));
    expect(await forged).toMatchObject({ code: 3 });
  });

  it('starts anew when somebody floods what it tells ends with', async () => {
    const flood = pool.run({ shell: `yes >>/proc/$$/fd/2`, timeoutMs: 20_000 });
    expectOwn(await Promise.all(numbers(6).map((number) => pool.run(counted(number)))));
    expect(await flood).toMatchObject({ code: null, signal: 'SIGKILL' });
    await expect.poll(() => processesWith(pool.directory)).toEqual([]);
  });
});

describe('the file of ends', () => {
  it('tells those of the first runs, up to one that has not ended', () => {
    const file = new EndsFile(join(scratch, 'ends'));
    const write = (text: string): void =>
      writeFileSync(`/proc/self/fd/${file.descriptor}`, text, { flag: 'a' });
    expect(existsSync(join(scratch, 'ends'))).toBe(false);
    expect(file.take(['a1', 'b2'])).toEqual([]);
    write('noise\na1 3\nnoiseb2 1');
    expect(file.take(['a1', 'b2', 'c3'])).toEqual([3]);
    write('0\nc3 4\n');
    expect(file.take(['b2', 'd4', 'c3'])).toEqual([10]);
    for (let round = 0; round < 600; round += 1) {
      write(`${'x'.repeat(1000)}\ne5 ${round}\n`);
      expect(file.take(['e5'])).toEqual([round]);
      file.rest();
      expect(file.isNoisy()).toBe(false);
    }
    write('y'.repeat(70_000));
    expect(file.isNoisy()).toBe(true);
    file.close();
    file.close();
  });
});
