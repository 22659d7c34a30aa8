import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext, RunLog, threadClock } from '../../../threads/context/context.ts';
import { PendingLooks, pendingLooksBytes } from '../../../threads/context/pending-looks.ts';
import type { ThreadData } from '../../../threads/protocol.ts';
import { cellOf, groupCells, sharedBytes } from '../../../threads/worker-data.ts';

const own: ThreadData = { hostProc: '/proc', hostSys: '/sys', hostRoot: '/', environment: { NAME: 'value' } };
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-context-'));
  mkdirSync(join(folder, 'proc'));
  mkdirSync(join(folder, 'sys'));
  mkdirSync(join(folder, 'root/etc'), { recursive: true });
  writeFileSync(join(folder, 'proc/uptime'), '12.5 8.0\n');
  writeFileSync(join(folder, 'sys/state'), 'on\n');
  writeFileSync(join(folder, 'root/etc/zone'), 'Europe/Paris\n');
  symlinkSync('/etc/zone', join(folder, 'root/etc/link'));
  symlinkSync('nowhere', join(folder, 'root/etc/dangling'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const refuse = (): Promise<never> => Promise.reject(new Error('nothing is kept here'));

function contextOf(
  parts: { data?: ThreadData; signal?: AbortSignal; cells?: Int32Array; looks?: PendingLooks } = {},
): Context {
  return createContext({
    data: parts.data ?? own,
    name: 'test',
    options: {},
    state: {},
    signal: parts.signal ?? new AbortController().signal,
    emit: () => undefined,
    log: new RunLog(),
    cells: parts.cells ?? new Int32Array(new SharedArrayBuffer(sharedBytes)),
    looks: parts.looks ?? new PendingLooks(new SharedArrayBuffer(pendingLooksBytes), 1, () => 0),
    errand: refuse,
  });
}

function mapped(): Context {
  const data = {
    ...own,
    hostProc: join(folder, 'proc'),
    hostSys: join(folder, 'sys'),
    hostRoot: join(folder, 'root'),
  };
  return contextOf({ data });
}

describe('reading', () => {
  it('reads kernel files and ordinary files whole', async () => {
    const ctx = contextOf();
    expect(await ctx.readText('/proc/self/status')).toContain(`Pid:\t${process.pid}`);
    expect(await ctx.readText('/proc/kallsyms', { maxBytes: 64 * 1024 * 1024 })).toBe(
      readFileSync('/proc/kallsyms', 'utf8'),
    );
    expect(await ctx.readText(join(folder, 'sys/state'))).toBe('on\n');
  });

  it('cuts lines and drops the last empty one', async () => {
    const file = join(folder, 'lines');
    writeFileSync(file, 'one\n\nthree\n');
    expect(await contextOf().readLines(file)).toEqual(['one', '', 'three']);
  });

  it.each([
    ['a file that does not exist', '/nowhere/at/all', 'OPSBRO_HOST_NOT_FOUND'],
    ['a kernel file that does not exist', '/proc/nothing', 'OPSBRO_HOST_NOT_FOUND'],
    ['a directory', '/etc', 'OPSBRO_HOST_IO'],
    ['a kernel directory', '/proc/self', 'OPSBRO_HOST_IO'],
    ['a device', '/dev/zero', 'OPSBRO_HOST_IO'],
    ['a relative path', 'etc/passwd', 'OPSBRO_HOST_NOT_FOUND'],
  ])('says by code that it cannot read %s', async (_, path, code) => {
    await expect(contextOf().readText(path)).rejects.toMatchObject({ code });
    expect(await contextOf().tryReadText(path)).toBeUndefined();
  });

  it('does not wait for the writer of a FIFO', async () => {
    await expect(contextOf().readText(join(folder, 'fifo'))).rejects.toMatchObject({
      code: 'OPSBRO_HOST_IO',
    });
  });

  it('refuses files over the limit', async () => {
    const file = join(folder, 'large');
    writeFileSync(file, 'x'.repeat(1000));
    const ctx = contextOf();
    await expect(ctx.readText(file, { maxBytes: 999 })).rejects.toMatchObject({
      code: 'OPSBRO_HOST_TOO_LARGE',
    });
    await expect(ctx.tryReadText('/proc/self/status', { maxBytes: 10 })).rejects.toMatchObject({
      code: 'OPSBRO_HOST_TOO_LARGE',
    });
    expect(await ctx.readText(file, { maxBytes: 1000 })).toHaveLength(1000);
  });

  it('reads a piece of a file, and never waits for a FIFO or a path that hangs', async () => {
    const file = join(folder, 'pieces');
    writeFileSync(file, Buffer.from([0, 1, 255, 3]));
    const ctx = contextOf();
    expect([...(await ctx.readBytes(file, 1, 2))]).toEqual([1, 255]);
    expect([...(await ctx.readBytes(file, 3, 9))]).toEqual([3]);
    expect([...(await ctx.readBytes(file, 4, 9))]).toEqual([]);
    expect(Buffer.from(await mapped().readBytes('/etc/zone', 0, 6)).toString()).toBe('Europe');
    await expect(ctx.readBytes(join(folder, 'fifo'), 0, 1)).rejects.toMatchObject({ code: 'OPSBRO_HOST_IO' });
    let seconds = 0;
    const looks = new PendingLooks(new SharedArrayBuffer(pendingLooksBytes), 1, () => seconds);
    void looks.look(file, () => new Promise(() => undefined));
    seconds = 10;
    await expect(contextOf({ looks }).readBytes(file, 0, 1)).rejects.toThrow('an earlier look at it hangs');
  });

  it('maps /proc, /sys and / to where the host is mounted', async () => {
    const ctx = mapped();
    expect(await ctx.readText('/proc/uptime')).toBe('12.5 8.0\n');
    expect(await ctx.readText('/proc/../proc/uptime')).toBe('12.5 8.0\n');
    expect(await ctx.readText('/sys/state')).toBe('on\n');
    expect(await ctx.readText('/etc/zone')).toBe('Europe/Paris\n');
    expect(await ctx.tryReadText('/proc/self/status')).toBeUndefined();
  });
});

describe('looking around', () => {
  it('lists entries sorted and typed', async () => {
    const found = await mapped().list('/etc');
    expect(found).toEqual([
      { name: 'dangling', type: 'link' },
      { name: 'link', type: 'link' },
      { name: 'zone', type: 'file' },
    ]);
    expect((await contextOf().list(folder)).find(({ name }) => name === 'fifo')?.type).toBe('other');
    await expect(contextOf().list('/nowhere')).rejects.toMatchObject({ code: 'OPSBRO_HOST_NOT_FOUND' });
  });

  it('follows links within the mounted host', async () => {
    const ctx = mapped();
    expect(await ctx.stat('/etc/link')).toMatchObject({
      type: 'file',
      sizeBytes: 13,
      linkTarget: '/etc/zone',
    });
    expect(await ctx.stat('/etc/dangling')).toBeUndefined();
    expect(await ctx.stat('/etc/nothing')).toBeUndefined();
    expect(await ctx.stat('/etc')).toMatchObject({ type: 'directory' });
  });

  it('measures a file system', async () => {
    const found = await contextOf().statFileSystem('/');
    expect(found.sizeBytes).toBeGreaterThan(found.availableBytes);
    await expect(contextOf().statFileSystem('/nowhere')).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NOT_FOUND',
    });
  });
});

describe('exec', () => {
  it('gives variables and standard input, and neither by itself', async () => {
    const options = { env: { NAGIOS_HOSTNAME: 'web 1', LANG: 'fr' }, stdin: 'grüße\n' };
    const script = ['-c', 'cat; echo "$NAGIOS_HOSTNAME $LANG $HOME"'];
    expect((await contextOf().exec('/bin/sh', script, options)).stdout).toBe('grüße\nweb 1 fr \n');
    expect((await contextOf().exec('/bin/sh', script)).stdout).toBe(' C \n');
  });

  it('takes no offence at a program that does not read its input', async () => {
    const options = { stdin: 'x'.repeat(1_000_000) };
    expect(await contextOf().exec('/bin/true', [], options)).toMatchObject({ code: 0 });
    expect(await contextOf().exec('/bin/sh', ['-c', 'exec 0<&-; echo done'], options)).toMatchObject({
      stdout: 'done\n',
    });
  });

  it('gives code, signal and both streams, with an empty environment', async () => {
    const ctx = contextOf();
    expect(await ctx.exec('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      code: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: false,
    });
    const { stdout } = await ctx.exec('/usr/bin/env', []);
    expect(
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('=')[0]),
    ).toEqual(['PATH', 'LANG']);
    expect(await ctx.exec('/bin/sh', ['-c', 'kill -9 $$'])).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it.each([
    ['a program that does not exist', '/bin/nothing-here', 'OPSBRO_HOST_NOT_FOUND'],
    ['a file that is no program', '/etc/passwd', 'OPSBRO_HOST_DENIED'],
    ['a relative path', 'sh', 'OPSBRO_HOST_NOT_FOUND'],
  ])('says by code that it cannot run %s', async (_, file, code) => {
    await expect(contextOf().exec(file, [])).rejects.toMatchObject({ code });
  });

  it('caps the output and says so', async () => {
    const found = await contextOf().exec('/bin/sh', ['-c', 'head -c 300000 /dev/zero'], { maxBytes: 1000 });
    expect(found).toMatchObject({ truncated: true, code: 0 });
    expect(found.stdout).toHaveLength(1000);
  });

  it('kills at its timeout a whole group that ignores TERM', async () => {
    const file = join(folder, 'pids');
    const script = `trap "" TERM; (trap "" TERM; while :; do sleep 1; done) & echo $! $$ > ${file}; wait`;
    await expect(contextOf().exec('/bin/sh', ['-c', script], { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'OPSBRO_HOST_IO',
    });
    const pids = readFileSync(file, 'utf8').trim().split(' ').map(Number);
    expect(pids).toHaveLength(2);
    for (const pid of pids) await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it('does not wait for a pipe that a grandchild holds open', async () => {
    const file = join(folder, 'daemon');
    const found = await contextOf().exec('/bin/sh', ['-c', `sleep 60 & echo $! > ${file}; echo done`]);
    expect(found).toMatchObject({ code: 0, stdout: 'done\n' });
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
  });

  it('ends with the run and leaves no cell taken', async () => {
    const abort = new AbortController();
    const cells = new Int32Array(new SharedArrayBuffer(sharedBytes));
    const run = contextOf({ signal: abort.signal, cells }).exec('/bin/sleep', ['60']);
    const [pid] = cells.slice(cellOf.groups);
    expect(pid).toBeGreaterThan(1);
    abort.abort(new Error('the run is over'));
    await expect(run).rejects.toThrow('the run is over');
    expect([...cells.slice(cellOf.groups)]).toEqual(new Array(groupCells).fill(0));
    await expect.poll(() => isRunning(pid!)).toBe(false);
  });

  it('refuses more programs at once than it can track', async () => {
    const cells = new Int32Array(new SharedArrayBuffer(sharedBytes)).fill(-1);
    await expect(contextOf({ cells }).exec('/bin/true', [])).rejects.toMatchObject({
      code: 'OPSBRO_HOST_IO',
    });
  });
});

describe('the rest', () => {
  it('sees the variables of the agent, not those of the thread', () => {
    expect(contextOf().env('NAME')).toBe('value');
    expect(contextOf().env('PATH')).toBeUndefined();
    expect(contextOf().env('constructor')).toBeUndefined();
  });

  it('has a monotonic clock that other threads and processes share', () => {
    const before = threadClock.monotonic();
    const [seconds] = JSON.parse(
      execFileSync(process.execPath, ['-p', 'JSON.stringify(process.hrtime())'], { encoding: 'utf8' }),
    );
    expect(seconds * 1000).toBeGreaterThan(before - 1000);
    expect(seconds * 1000).toBeLessThanOrEqual(threadClock.monotonic());
  });

  it('keeps a hundred lines of bounded size and counts the rest', () => {
    const log = new RunLog();
    for (let line = 0; line < 150; line += 1) log.info('x'.repeat(5000), { line });
    expect(log.lines).toHaveLength(100);
    expect(log.dropped).toBe(50);
    expect(log.lines[0]!.message.length).toBeLessThan(2100);
    const other = new RunLog();
    other.warn('odd', { f: (() => 1) as unknown as string });
    expect(other.lines[0]).toEqual({ level: 'warn', message: 'odd', fields: { fields: 'not plain data' } });
  });
});

function isRunning(pid: number): boolean {
  try {
    // A killed process stays a zombie until somebody reaps it.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

it('keeps no place for programs that cannot be started', async () => {
  const context = contextOf();
  for (let attempt = 0; attempt <= groupCells; attempt += 1) {
    await expect(context.exec('/bin/echo', ['a\0b'])).rejects.toMatchObject({ code: 'OPSBRO_HOST_IO' });
  }
  expect((await context.exec('/bin/echo', ['fine'])).stdout).toBe('fine\n');
});
