import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { JsonObject, Manifest } from 'opsbro/sdk';
import {
  complianceSuite,
  fixtureContext,
  hostContext,
  runCheck,
  runVerb,
  testClock,
} from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import process_ from './index.ts';
import type { Options } from './judge.ts';
import { parseArguments, parseStat, parseStatus, uidOf } from './proc.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

const stat = (pid: number, command: string, state: string, ticks: number, start = 500) =>
  `${pid} (${command}) ${state} 1 1 1 0 -1 0 0 0 0 0 ${ticks} 0 0 0 20 0 1 0 ${start} 0 0\n`;

/** A host with two workers of www-data, their master, a zombie and a kernel thread. */
const host = (workerTicks: number) => ({
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n',
  '/proc/uptime': '1 1\n',
  ...one(10, 'nginx', 'S', 5, 0, 'nginx: master process /usr/sbin/nginx\0', 1024),
  ...one(11, 'nginx', 'R', workerTicks, 33, 'nginx: worker process\0', 204_800),
  ...one(12, 'nginx', 'S', 0, 33, 'nginx: worker process\0', 102_400),
  ...one(13, 'sh) Z (x', 'Z', 0, 33, '', 0),
  ...one(14, 'a-very-long-nam', 'S', 0, 33, '/opt/bin/a-very-long-name\0--port\x0080\0', 2048),
  ...one(2, 'kthreadd', 'S', 0, 0, '', 0),
});

function one(
  pid: number,
  command: string,
  state: string,
  ticks: number,
  uid: number,
  line: string,
  kib: number,
) {
  return {
    [`/proc/${pid}/stat`]: stat(pid, command, state, ticks),
    [`/proc/${pid}/status`]: `Name:\tx\nUid:\t0\t${uid}\t0\t0\n${kib > 0 ? `VmRSS:\t  ${kib} kB\n` : ''}`,
    [`/proc/${pid}/cmdline`]: line,
  };
}

async function judge(given: Partial<Options>, runs = [1000]) {
  const clock = testClock();
  const state: JsonObject = {};
  const options: Options = { states: [], count_critical: '1:', judge: 'total', ...given };
  for (const [run, ticks] of runs.entries()) {
    if (run > 0) clock.advance(10_000);
    const outcome = await runVerb(process_, fixtureContext({ options, clock, state, files: host(ticks) }));
    if (run === runs.length - 1 && outcome.status === 'done') return outcome.value;
  }
  throw new Error('no verdict');
}

describe('parseStat', () => {
  it('reads commands with spaces and parentheses', () => {
    expect(parseStat(stat(7, 'a) R (b', 'S', 42, 9))).toEqual({
      pid: 7,
      command: 'a) R (b',
      state: 'S',
      ticks: 42,
      startTicks: 9,
    });
  });

  it.each(['', '7 (a) S', '7 (a) S x y', 'x'])('finds no process in %j', (text) =>
    expect(parseStat(text)).toBeUndefined(),
  );
});

it('reads status, command line and users', () => {
  expect(parseStatus('Uid:\t1\t2\t3\t4\nVmRSS:\t 10 kB\n')).toEqual({ uid: 2, memoryBytes: 10_240 });
  expect(parseStatus('Name: x')).toBeUndefined();
  expect([parseArguments('a\0b c\0\0'), parseArguments('')]).toEqual([['a', 'b c'], []]);
  expect([uidOf('7', ''), uidOf('b', 'a:x:1:\nb:x:2:'), uidOf('c', 'a:x:1:')]).toEqual([7, 2, undefined]);
});

describe('check/process', () => {
  it.each<[Partial<Options>, string, number, string]>([
    [{ command: 'nginx' }, 'ok', 3, 'nginx: 3 processes; together 301.0 MiB of memory'],
    [{ command: 'nginx', count_critical: '1:2' }, 'critical', 3, 'nginx: 3 processes'],
    [{ command: 'nginx', count_warning: '@3' }, 'warning', 3, 'nginx: 3 processes'],
    [{ command: 'apache2' }, 'critical', 0, 'apache2: 0 processes'],
    [{ command: 'apache2', count_critical: '0' }, 'ok', 0, 'apache2: 0 processes'],
    [{ command: 'a-very-long-name' }, 'ok', 1, '1 process'],
    [{ command: 'nginx', user: 'www-data' }, 'ok', 2, 'nginx of www-data: 2 processes'],
    [{ command: 'nginx', user: '0' }, 'ok', 1, '1 process'],
    [{ arguments: '--port 80$' }, 'ok', 1, 'processes like /--port 80$/: 1 process'],
    [{ states: ['Z', 'D'] }, 'ok', 1, 'processes in state Z or D: 1 process'],
    [{ command: 'nginx', memory_warning: '256MiB' }, 'warning', 3, 'together 301.0 MiB of memory'],
    [{ command: 'nginx', memory_warning: '256MiB', judge: 'each' }, 'ok', 3, '3 processes'],
    [{ command: 'nginx', memory_critical: '150MiB', judge: 'each' }, 'critical', 3, 'nginx(11) 200.0 MiB'],
  ])('judges %j: %s', async (options, state, count, text) => {
    const found = await judge(options);
    expect([found.state, found.output]).toEqual([state, expect.stringContaining(text)]);
    expect(found.metrics?.count?.value).toBe(count);
  });

  it.each<[string, string, string, number]>([
    ['systemd-journald', 'systemd-journal', '/lib/systemd/systemd-journald\0', 1],
    ['systemd-journald', 'systemd-journal', '/lib/systemd/systemd-journal-gatewayd\0--cert=x\0', 0],
    ['backup-all-disks.sh', 'backup-all-disk', '/bin/sh\0-e\0/opt/backup-all-disks.sh\0', 1],
    ['backup-all-disks.sh', 'backup-all-disk', '/bin/sh\0/opt/backup-all-diskettes.sh\0', 0],
    ['a-very-long-name', 'a-very-long-nam', 'a-very-long-name: worker\0', 1],
    ['a-very-long-name', 'a-very-long-nam', 'worker of another name\0', 1],
    ['a-very-long-name', 'a-very-long-nam', '', 1],
    ['Media Server', 'main', '/opt/My Media/Media Server\0--quiet\0', 1],
    ['Server', 'main', '/opt/My Media/Media Server\0', 0],
  ])(
    'finds %s by the name %s that the kernel has and the command line %j: %i',
    async (command, name, line, count) => {
      const options: Options = { states: [], count_critical: '0:', judge: 'total', command };
      const files = one(1, name, 'S', 0, 0, line, 1024);
      const outcome = await runVerb(process_, fixtureContext({ options, files }));
      expect(outcome).toMatchObject({ value: { metrics: { count: { value: count } } } });
    },
  );

  it('looks past a process with a very long command line', async () => {
    const files = { ...host(0), ...one(20, 'rm', 'R', 0, 0, `rm\0${'/spool/file\0'.repeat(170_000)}`, 1024) };
    const options: Options = { states: [], count_critical: '1:', judge: 'total', command: 'nginx' };
    const outcome = await runVerb(process_, fixtureContext({ options, files }));
    expect(outcome).toMatchObject({ value: { state: 'ok', metrics: { count: { value: 3 } } } });
  });

  it('measures CPU from the second run on', async () => {
    expect((await judge({ command: 'nginx', cpu_critical: 0 })).metrics?.cpu).toMatchObject({ value: null });
    const total = await judge({ command: 'nginx', cpu_warning: 40 }, [1000, 1500]);
    expect(total).toMatchObject({ state: 'warning', metrics: { cpu: { value: 50, unit: '%' } } });
    const each = await judge({ command: 'nginx', cpu_warning: 40, judge: 'each' }, [1000, 1500]);
    expect(each.output).toBe('nginx: nginx(11) 50.0 % of a processor');
  });

  it('takes a process that has the pid of another for a new one', async () => {
    expect(await judge({ command: 'nginx', cpu_critical: 10 }, [1000, 400])).toMatchObject({ state: 'ok' });
  });

  it('names five of many that are not well', async () => {
    const files = Object.assign(
      {},
      ...Array.from({ length: 9 }, (_, n) => one(n + 1, 'w', 'S', 0, 0, 'w\0', 2048)),
    );
    const options = { states: [], count_critical: '1:', judge: 'each', memory_warning: '1MiB' } as Options;
    const outcome = await runVerb(process_, fixtureContext({ options, files }));
    expect(outcome).toMatchObject({
      value: { state: 'warning', output: expect.stringMatching(/; and 4 more$/) },
    });
  });

  it('says of a user that is unknown', async () => {
    await expect(judge({ user: 'nobody-here' })).rejects.toThrow(
      "the user 'nobody-here' is not in /etc/passwd",
    );
  });
});

describe.skipIf(process.platform !== 'linux')('on this host (Linux only)', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('sees processes that start, work and end', async () => {
    const mark = `opsbro-check-process-${process.pid}`;
    const options = { arguments: `${mark}$`, cpu_critical: '@1:' };
    const state: JsonObject = {};
    expect(await runCheck(process_, manifest, options, state)).toMatchObject({ state: 'critical' });
    const child = spawn(process.execPath, ['-e', 'for (;;) ;', mark], { stdio: 'ignore' });
    children.push(child);
    await once(child, 'spawn');
    const look = () => runCheck(process_, manifest, options, state);
    await expect.poll(async () => (await look()).metrics?.count?.value).toBe(1);
    await expect.poll(async () => (await look()).output).toMatch(/together \d+\.\d % of a processor/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect.poll(async () => (await look()).metrics?.count?.value).toBe(0);
  });

  it('ends when its run ends', async () => {
    const ctx = hostContext({ options: { states: [], count_critical: '1:', judge: 'total' } as Options });
    ctx.abort();
    await expect(runVerb(process_, ctx)).rejects.toBe(ctx.signal.reason);
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, process_, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
