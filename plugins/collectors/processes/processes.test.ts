import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Json, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext, runVerb, testClock } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import processes from './index.ts';
import { countStates, type ProcessStat, parseProcessStat, parseStatus } from './stat.ts';
import { cpuPercentages, highest, recallTicks, rememberTicks } from './usage.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

const debian = new URL('testdata/debian-12-linux-6.18/', folder);
const options = { top_processes: 5, max_processes: 10_000 };

function process_(pid: number, cpuTicks: number, startTicks = 10): ProcessStat {
  return { pid, name: `p${pid}`, state: 'S', threads: 1, cpuTicks, startTicks, residentPages: 1 };
}

function statLine(pid: number, name: string, cpuTicks: number, startTicks = 25): string {
  return `${pid} (${name}) R 1 1 1 0 -1 4194560 0 0 0 0 ${cpuTicks} 0 0 0 20 0 1 0 ${startTicks} 4096 10 0 0`;
}

describe('parseProcessStat', () => {
  it.each([
    ['redis-server', 'redis-server'],
    ['Web Content', 'Web Content'],
    ['a) R 1 (b', 'a) R 1 (b'],
    [') S 0 0', ') S 0 0'],
    ['((', '(('],
    ['two\nlines', 'two\nlines'],
    ['', ''],
    ["'; import os", "'; import os"],
  ])('keeps the name %j apart from the fields', (written, name) => {
    expect(parseProcessStat(statLine(7, written, 3))).toEqual({
      pid: 7,
      name,
      state: 'R',
      threads: 1,
      cpuTicks: 3,
      startTicks: 25,
      residentPages: 10,
    });
  });

  it.each([
    ['nothing', ''],
    ['a cut name', '7 (redis-ser'],
    ['cut fields', '7 (redis-server) S 1 1 1 0'],
    ['no pid', '(redis-server) S 1 1 1 0 -1 4194560 0 0 0 0 1 0 0 0 20 0 1 0 25 4096 10'],
    ['words for numbers', statLine(7, 'x', 3).replace(' 4096 10', ' 4096 ten')],
    ['no state', statLine(7, 'x', 3).replace(') R', ') 9')],
  ])('reads nothing from %s', (_, text) => expect(parseProcessStat(text)).toBeUndefined());
});

describe('parseStatus', () => {
  it.each([
    ['a program', 'Name:\tx\nUid:\t1000\t0\t0\t0\nVmRSS:\t    2048 kB\n', { uid: 0, memoryBytes: 2_097_152 }],
    ['a kernel thread', 'Name:\tx\nUid:\t0\t0\t0\t0\n', { uid: 0, memoryBytes: 0 }],
    ['a cut file', 'Name:\tx\nUid:', undefined],
    ['nothing', '', undefined],
  ])('reads %s', (_, text, status) => expect(parseStatus(text)).toEqual(status));
});

describe('countStates', () => {
  it('counts every letter the kernel knows', () => {
    const processes = [...'RRSDITtZXxKWP'].map((state, at) => ({ ...process_(at, 0), state }));
    expect(countStates(processes)).toEqual({
      running: 2,
      sleeping: 1,
      blocked: 1,
      idle: 1,
      stopped: 2,
      zombie: 1,
      other: 5,
    });
  });
});

describe('cpuPercentages', () => {
  it.each([
    ['a process that used half a core', [process_(1, 100)], [process_(1, 600)], { 1: 50 }],
    ['a process that used nothing', [process_(1, 100)], [process_(1, 100)], {}],
    ['a process that is new', [], [process_(2, 250, 99)], { 2: 25 }],
    ['another process of the same pid', [process_(1, 100)], [process_(1, 30, 99)], { 1: 3 }],
    ['ticks that went backwards', [process_(1, 100)], [process_(1, 30)], {}],
    ['a process that ended', [process_(1, 100), process_(2, 5)], [process_(1, 200)], { 1: 10 }],
  ])('measures %s', (_, before, after, expected) => {
    const percentages = cpuPercentages(after, rememberTicks(before), 10);
    expect(Object.fromEntries(percentages)).toEqual(expected);
  });

  it('measures nothing in a first run or without time', () => {
    expect(cpuPercentages([process_(1, 5)], undefined, 10).size).toBe(0);
    expect(cpuPercentages([process_(1, 5)], rememberTicks([]), 0).size).toBe(0);
  });

  it('takes no process for new that could not be remembered', () => {
    const many = Array.from({ length: 9000 }, (_, at) => process_(at + 1, at + 1));
    const before = rememberTicks(many);
    const after = many.map((process) => ({ ...process, cpuTicks: process.cpuTicks + 10 }));
    const percentages = cpuPercentages(after, before, 10);
    expect(before.complete).toBe(false);
    expect(percentages.get(1)).toBeUndefined();
    expect(percentages.get(9000)).toBe(1);
  });

  it('remembers within the limit of the state, also with the largest numbers', () => {
    const many = Array.from({ length: 9000 }, (_, at) => process_(4_190_000 + at, 10 ** 9 + at, 10 ** 10));
    expect(JSON.stringify(rememberTicks(many)).length).toBeLessThan(200 * 1024);
  });
});

describe('recallTicks', () => {
  it.each([undefined, null, 3, 'x', [], {}, { ticks: '1 2 3' }, { ticks: [1], complete: true }])(
    'recalls nothing from %j',
    (kept) => expect(recallTicks(kept as Json)).toBeUndefined(),
  );
});

describe('highest', () => {
  it('orders by rank, then by pid, and leaves out what has none', () => {
    const ranks = new Map([
      [3, 5],
      [1, 5],
      [2, 9],
      [4, 0],
    ]);
    const processes = [...ranks.keys()].map((pid) => process_(pid, 0));
    const pids = highest(processes, 3, (process) => ranks.get(process.pid) ?? 0).map(({ pid }) => pid);
    expect(pids).toEqual([2, 1, 3]);
  });
});

describe('collector/processes', () => {
  it('counts and ranks the processes of a current kernel', async () => {
    expect(
      await runVerb(processes, fixtureContext({ root: debian, options: { ...options, top_processes: 2 } })),
    ).toEqual({
      status: 'done',
      value: {
        total: 10,
        threads: 34,
        running: 1,
        sleeping: 5,
        blocked: 1,
        idle: 1,
        stopped: 1,
        zombie: 1,
        other: 0,
        skipped: 0,
        top_cpu: [],
        top_memory: [
          { pid: 2871, name: 'beam.smp', uid: 107, cpu_percent: 0, memory_bytes: 127131648 },
          { pid: 2122, name: 'postgres', uid: 105, cpu_percent: 0, memory_bytes: 30236672 },
        ],
      },
    });
  });

  it('counts and ranks the processes of an old kernel', async () => {
    const root = new URL('testdata/centos-6-linux-2.6.32/', folder);
    const ctx = fixtureContext({ root, options: { ...options, top_processes: 1 } });
    expect(await runVerb(processes, ctx)).toEqual({
      status: 'done',
      value: {
        total: 4,
        threads: 64,
        running: 0,
        sleeping: 4,
        blocked: 0,
        idle: 0,
        stopped: 0,
        zombie: 0,
        other: 0,
        skipped: 0,
        top_cpu: [],
        top_memory: [{ pid: 1700, name: 'java', uid: 502, cpu_percent: 0, memory_bytes: 533344256 }],
      },
    });
  });

  it('measures CPU between two runs, new processes among them', async () => {
    const clock = testClock();
    const ctx = fixtureContext({ root: debian, options, clock });
    await runVerb(processes, ctx);
    clock.advance(10_000);
    ctx.use(debian, {
      '/proc/2142/stat': statLine(2142, 'redis-server', 698, 2830),
      '/proc/5000/stat': statLine(5000, 'new one', 1500, 99_000),
      '/proc/5000/status': 'Uid:\t1000\t1000\t1000\t1000\nVmRSS:\t8 kB\n',
    });
    expect(await runVerb(processes, ctx)).toMatchObject({
      value: {
        total: 11,
        top_cpu: [
          { pid: 5000, name: 'new one', uid: 1000, cpu_percent: 150, memory_bytes: 8192 },
          { pid: 2142, name: 'redis-server', uid: 106, cpu_percent: 50, memory_bytes: 7045120 },
        ],
      },
    });
  });

  it('copes with processes that end while it reads', async () => {
    const files = { '/proc/2122/stat': null, '/proc/2871/status': null, '/proc/3000/stat': '' };
    const outcome = await runVerb(processes, fixtureContext({ root: debian, options, files }));
    expect(outcome).toMatchObject({ value: { total: 8, blocked: 0 } });
    expect(outcome.status === 'done' && outcome.value.top_memory).not.toContainEqual(
      expect.objectContaining({ pid: 2871 }),
    );
  });

  it('reads no more than it may, and says how many it left out', async () => {
    const ctx = fixtureContext({ root: debian, options: { top_processes: 0, max_processes: 4 } });
    expect(await runVerb(processes, ctx)).toMatchObject({
      value: { total: 10, skipped: 6, top_cpu: [], top_memory: [] },
    });
  });

  it('is not eligible where no process is seen', async () => {
    const ctx = fixtureContext({ options, files: { '/proc/uptime': '1.0 1.0' } });
    expect((await runVerb(processes, ctx)).status).toBe('not-eligible');
  });
});

describe.skipIf(process.platform !== 'linux')('on this host (Linux only)', () => {
  it('ranks a program that is busy', async () => {
    const ctx = hostContext({ options: { top_processes: 50, max_processes: 20_000 } });
    await runVerb(processes, ctx);
    const busy = spawn(process.execPath, [
      '-e',
      'const end = Date.now() + 300; while (Date.now() < end); console.log(1); process.stdin.resume()',
    ]);
    await once(busy.stdout, 'data');
    const outcome = await runVerb(processes, ctx);
    const listed = expect.objectContaining({ pid: busy.pid, name: 'node', uid: process.geteuid?.() });
    expect(outcome).toMatchObject({ value: { top_cpu: expect.arrayContaining([listed]) } });
    busy.kill('SIGKILL');
    await once(busy, 'exit');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, processes, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
