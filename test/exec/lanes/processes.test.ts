import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import {
  living,
  membersOf,
  type ProcessEntry,
  readProcess,
  readProcesses,
  recentProcesses,
  signalProcess,
  tickMs,
} from '../../../exec/lanes/processes.ts';

const entry = (pid: number, parent: number, session: number, startTicks: number): ProcessEntry => ({
  pid,
  parent,
  group: session,
  session,
  startTicks,
  usedTicks: 0,
});

const table = [
  entry(1, 0, 1, 0),
  entry(100, 1, 100, 10),
  entry(101, 100, 100, 20),
  entry(102, 101, 102, 21),
  entry(103, 102, 102, 22),
  entry(104, 1, 100, 23),
  entry(105, 104, 105, 24),
  entry(106, 1, 106, 25),
  entry(107, 100, 100, 12),
  entry(200, 1, 200, 30),
];

it('finds what is of the session, what descends from it, and nothing that is older', () => {
  expect(membersOf(100, 20, table).map(({ pid }) => pid)).toEqual([101, 102, 103, 104, 105]);
  expect(membersOf(100, 11, table).map(({ pid }) => pid)).toEqual([101, 102, 103, 104, 105, 107]);
  expect(membersOf(300, 0, table)).toEqual([]);
});

it('reads real processes, and tells when they have ended', async () => {
  const child = spawn('sleep', ['60'], { detached: true });
  const pid = child.pid ?? 0;
  const found = readProcesses()?.find((process) => process.pid === pid);
  expect(found).toMatchObject({ parent: process.pid, group: pid, session: pid });
  expect(found?.startTicks).toBeGreaterThan(readProcess(process.pid)?.startTicks ?? Number.NaN);
  if (found === undefined) return;
  expect(living([found])).toEqual([found]);
  expect(living([{ ...found, startTicks: 1 }])).toEqual([]);
  signalProcess(-pid, 'SIGKILL');
  await once(child, 'exit');
  expect(living([found])).toEqual([]);
  expect(readProcess(pid)).toBeNull();
  expect(() => signalProcess(pid, 'SIGKILL')).not.toThrow();
});

it('tells how much of the processors a process has used', () => {
  const { user, system } = process.cpuUsage();
  const used = (readProcess(process.pid)?.usedTicks ?? 0) * tickMs;
  expect(used).toBeGreaterThanOrEqual((user + system) / 1000 - 4 * tickMs);
});

it('signals neither everybody nor the first process', () => {
  for (const pid of [0, 1, -1]) expect(() => signalProcess(pid, 'SIGKILL')).not.toThrow();
});

it('looks at most every 50 ms, unless what is asked for is younger', () => {
  const before = performance.now();
  const first = recentProcesses(before);
  expect(first?.some(({ pid }) => pid === process.pid)).toBe(true);
  expect(recentProcesses(performance.now())).not.toBe(first);
  // However slow this machine is, the second of two looks at the same past shares or repeats, and never fails.
  expect(recentProcesses(before)?.length).toBeGreaterThan(0);
});
