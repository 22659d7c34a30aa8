import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckView, HistoryView, OutboxEntryView, PluginView } from '../../control/shapes.ts';
import { command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const mib = 1024 * 1024;
let scratch: string;
let disk = '';
let agent: RealAgent | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-store-'));
  disk = join(scratch, 'disk');
  mkdirSync(disk);
});

afterEach(async () => {
  await agent?.dispose();
  agent = undefined;
  spawnSync('umount', ['--lazy', disk]);
  rmSync(scratch, { recursive: true, force: true });
});

/** A small file system of its own. */
function mount(size: string, at = disk): { refused: string | null } {
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at], { encoding: 'utf8' });
  return { refused: done.status === 0 ? null : (done.error?.message ?? done.stderr.trim()) };
}

/** Why no file system can be mounted here; null when it can. */
function mountRefused(): string | null {
  const probe = mkdtempSync(join(tmpdir(), 'opsbro-mount-'));
  const { refused } = mount('64k', probe);
  if (refused === null) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  if (refused !== null && process.env.OPSBRO_TEST_REQUIRE === 'all')
    throw new Error(`cannot mount a tmpfs: ${refused}`);
  return refused;
}

const refused = mountRefused();
const where = refused === null ? '' : ` (skipped: ${refused})`;

function remount(options: string): void {
  expect(spawnSync('mount', ['-o', `remount,${options}`, disk]).status).toBe(0);
}

/** Takes all the space that is left; the agent may write meanwhile. */
function fill(): void {
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

/** A check whose verdict changes every second, so that there is always something to store. */
const restless = `check:
  id: restless
  interval: 1s
  critical_if: "int(now()) % 2 == 0"
  critical_output: "'even'"
  ok_output: "'odd'"
`;

/** Waits for verdicts to change so many times; gives the times of the changes. */
async function changes(running: RealAgent, count: number): Promise<string[]> {
  const sinceWhen = async () => (await running.get<CheckView>('/api/v1/checks/restless')).since;
  const seen = [await sinceWhen()];
  while (seen.length <= count) {
    const at = await running.until('another verdict', async () => {
      const since = await sinceWhen();
      return since !== seen.at(-1) && since;
    });
    seen.push(at);
  }
  return seen.slice(1) as string[];
}

async function memoryRuns(running: RealAgent): Promise<number> {
  return (await running.get<PluginView>('/api/v1/plugins/collector/memory')).runs;
}

function lines(running: RealAgent, text: string): string[] {
  return running
    .output()
    .split('\n')
    .filter((line) => line.includes(text));
}

describe.skipIf(refused !== null)(`a data directory that cannot be written${where}`, () => {
  it('says so once when the disk is full, goes on, and writes again when it can', async () => {
    mount('3m');
    const data = join(disk, 'data');
    const collector = 'collector:\n  id: memory\n  interval: 1s\n';
    agent = await startRealAgent({ data, files: { 'restless.yml': restless, 'memory.yml': collector } });
    const running = agent;
    await changes(running, 1);
    fill();
    await running.until('the error', async () => lines(running, 'OPSBRO_AGENT_STORE').length > 0);
    const runs = await memoryRuns(running);
    const during = await changes(running, 3);
    expect(await memoryRuns(running)).toBeGreaterThan(runs);
    const errors = lines(running, 'OPSBRO_AGENT_STORE');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(join(data, 'state'));
    rmSync(join(disk, 'ballast'));
    await running.until('the recovery', async () => lines(running, 'can be written again').length > 0);
    await changes(running, 1);
    expect(await running.stop()).toBe(0);
    await running.dispose();
    agent = await startRealAgent({ data });
    const { entries } = await agent.get<HistoryView>('/api/v1/history/checks');
    const kept = entries.filter(({ name, at }) => name === 'restless' && during.includes(at));
    expect(kept).toHaveLength(during.length);
  });

  it('refuses what somebody commands while it cannot be kept, and keeps nothing of it', async () => {
    mount('3m');
    const data = join(disk, 'data');
    const files = {
      'restless.yml': restless,
      'burns.yml': 'check:\n  interval: 1s\n  critical_if: "1 < 2"\n',
      'told.yml': `handler: {type: exec, command: /bin/sh, args: ["-c", "cat >> ${scratch}/told"]}\n`,
    };
    const gone = 'handler: {type: exec, command: /bin/false}\n';
    agent = await startRealAgent({ data, files: { ...files, 'gone.yml': gone } });
    const full = agent;
    const cli = (...args: string[]) => command(['--data', data, ...args]);
    const kept = (running: RealAgent): Promise<object[]> =>
      Promise.all(
        ['downtimes', 'silences', 'acknowledgements'].map((noun) => running.get<object[]>(`/api/v1/${noun}`)),
      );
    const burns = () => full.get<CheckView>('/api/v1/checks/burns');
    await full.until('the problem', async () => (await burns()).state === 'critical');
    for (const words of [
      ['downtime', 'add', 'restless', '--duration', '1h', '--id', 'old', '--comment', 'old'],
      ['silence', 'add', 'restless', '--until', '1h', '--id', 'old', '--comment', 'old'],
      ['ack', 'add', 'burns', '--comment', 'old'],
    ])
      expect(await cli(...words)).toMatchObject({ code: 0, stderr: '' });
    rmSync(join(full.config, 'gone.yml'));
    await full.post('/api/v1/agent/reload');
    const outbox = (running: RealAgent) =>
      running.get<OutboxEntryView[]>('/api/v1/outbox?handler=local/handler/gone');
    const [dead] = await full.until('what was given up', async () => {
      const entries = await outbox(full);
      return entries[0]?.state === 'dead' && entries;
    });
    const letters = async (running: RealAgent) => {
      const entries = await outbox(running);
      return entries.filter(({ serial }) => serial === dead?.serial).map(({ state }) => state);
    };
    // What is being told and not yet written down as told is told once more after a kill.
    await full.until('all to be told', async () =>
      (await full.get<OutboxEntryView[]>('/api/v1/outbox')).every(({ state }) => state === 'dead'),
    );
    const before = await kept(full);
    fill();
    await full.until('the error', async () => lines(full, 'OPSBRO_AGENT_STORE').length > 0);
    const commands = [
      ['downtime', 'add', 'burns', '--duration', '1h', '--id', 'lost', '--comment', 'lost'],
      ['silence', 'add', 'burns', '--until', '1h', '--id', 'lost', '--comment', 'lost'],
      ['ack', 'add', 'burns', '--comment', 'lost'],
      ['downtime', 'remove', 'old'],
      ['silence', 'remove', 'old'],
      ['ack', 'remove', 'burns'],
      ['handlers', 'outbox', 'drop', String(dead?.serial)],
    ];
    for (const words of commands) {
      const refused = await cli(...words);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/nothing is changed, do it again later: .*cannot write: .*free space/);
    }
    expect(await kept(full)).toEqual(before);
    expect(await letters(full)).toEqual(['dead']);
    await full.kill('SIGKILL');
    await full.dispose();
    rmSync(join(disk, 'ballast'));
    agent = await startRealAgent({ data, files });
    const again = agent;
    expect(await kept(again)).toEqual(before);
    expect(await letters(again)).toEqual(['dead']);
    for (const words of commands) expect(await cli(...words)).toMatchObject({ code: 0, stderr: '' });
    expect((await again.get<OutboxEntryView[]>('/api/v1/outbox')).map(({ serial }) => serial)).not.toContain(
      dead?.serial,
    );
    const told = (): string[] =>
      readFileSync(join(scratch, 'told'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { type: string; data: { change?: string; comment?: string } })
        .filter(({ type }) => /^(acknowledgement|downtime|silence)$/.test(type))
        .map(({ type, data: { change, comment } }) => `${type} ${change} ${comment}`);
    await again.until('everything told', async () => told().length >= 9);
    expect(told().toSorted()).toEqual(
      [
        ...['acknowledgement started old', 'downtime started old', 'silence started old'],
        ...['acknowledgement started lost', 'downtime started lost', 'silence started lost'],
        ...['acknowledgement ended lost', 'downtime ended old', 'silence ended old'],
      ].sort(),
    );
  });

  it('starts again on a full disk after kill -9, tells of it, and sets room aside again when there is some', async () => {
    mount('80m');
    const data = join(disk, 'data');
    const reserve = join(data, 'reserve');
    const told = join(scratch, 'told');
    const handler = `handler: {type: exec, command: /bin/sh, args: ["-c", "cat >> ${told}"]}\n`;
    agent = await startRealAgent({ data, files: { 'restless.yml': restless, 'told.yml': handler } });
    const running = agent;
    const isKept = async (): Promise<boolean> => existsSync(reserve) && statSync(reserve).size >= 4 * mib;
    await running.until('room set aside', isKept);
    fill();
    await running.until('the error', async () => lines(running, 'OPSBRO_AGENT_STORE').length > 0);
    await running.kill('SIGKILL');
    await running.dispose();
    agent = await startRealAgent({ data, files: { 'restless.yml': restless, 'told.yml': handler } });
    const again = agent;
    expect(lines(again, 'is full: gave up the room set aside in it')).toHaveLength(1);
    expect(existsSync(reserve)).toBe(false);
    const isTold = async (): Promise<boolean> =>
      existsSync(told) && /nearly full/.test(readFileSync(told, 'utf8'));
    await again.until('a notification of the full disk', isTold);
    rmSync(join(disk, 'ballast'));
    await again.until('room set aside again', isKept);
    expect(await again.stop()).toBe(0);
  });

  it('refuses to start on a full disk and names the directory', async () => {
    mount('1m');
    fill();
    const data = join(disk, 'data');
    const ended = await startRealAgent({ data }).catch((error: Error) => error);
    expect(ended).toMatchObject({ message: expect.stringContaining('ended with 1') });
    expect(ended).toMatchObject({ message: expect.stringContaining(data) });
  });

  it('refuses to start on a read-only disk and names the directory', async () => {
    mount('1m');
    const data = join(disk, 'data');
    mkdirSync(data);
    remount('ro');
    const ended = await startRealAgent({ data }).catch((error: Error) => error);
    expect(ended).toMatchObject({ message: expect.stringContaining('ended with 1') });
    expect(ended).toMatchObject({ message: expect.stringContaining(data) });
    remount('rw');
    expect(readdirSync(data)).toEqual([]);
  });
});

/** Makes an ext4 of its own that turns read-only when it finds an error; gives the file that tells it of one, or why there is none. */
function mountFragile(): { fault: string } | { reason: string } {
  const image = join(scratch, 'image');
  writeFileSync(image, Buffer.alloc(0));
  truncateSync(image, 64 * 1024 * 1024);
  const steps = [
    ['mkfs.ext4', '-q', '-e', 'remount-ro', image],
    ['mount', '-o', 'loop,errors=remount-ro', image, disk],
    ['findmnt', '-n', '-o', 'SOURCE', disk],
  ];
  let source = '';
  for (const [program = '', ...words] of steps) {
    const done = spawnSync(program, words, { encoding: 'utf8' });
    if (done.status !== 0) return { reason: `${program}: ${done.error?.message ?? done.stderr.trim()}` };
    source = done.stdout.trim();
  }
  const fault = `/sys/fs/ext4/${basename(source)}/trigger_fs_error`;
  return existsSync(fault) ? { fault } : { reason: `there is no ${fault}` };
}

it('goes on when its disk turns read-only under it, says so once, and stops in peace, telling what is lost', async ({
  skip,
}) => {
  const made = mountFragile();
  if ('reason' in made && process.env.OPSBRO_TEST_REQUIRE === 'all') throw new Error(made.reason);
  if ('reason' in made) return skip(made.reason);
  const data = join(disk, 'data');
  const collector = 'collector:\n  id: memory\n  interval: 1s\n';
  agent = await startRealAgent({ data, files: { 'restless.yml': restless, 'memory.yml': collector } });
  const running = agent;
  await changes(running, 1);
  writeFileSync(made.fault, 'read-only');
  expect(() => writeFileSync(join(disk, 'probe'), '')).toThrow('EROFS');
  await running.until('the error', async () => lines(running, 'OPSBRO_AGENT_STORE').length > 0);
  const runs = await memoryRuns(running);
  await changes(running, 3);
  expect(await memoryRuns(running)).toBeGreaterThan(runs);
  const refusal = await command(['--data', data, 'downtime', 'add', 'restless', '--duration', '1h']);
  expect(refusal).toMatchObject({ code: 1, stdout: '' });
  expect(refusal.stderr).toMatch(/nothing is changed, do it again later: .*Read-only file system/);
  expect(await running.get('/api/v1/downtimes')).toEqual([]);
  expect(lines(running, 'OPSBRO_AGENT_STORE')).toHaveLength(1);
  expect(lines(running, 'OPSBRO_AGENT_STORE')[0]).toMatch(
    /data\/state: cannot write: .*Read-only file system/,
  );
  expect(await running.stop()).toBe(0);
  expect(lines(running, 'what the disk did not take is lost')).toHaveLength(1);
  expect(lines(running, 'agent stopped')).toHaveLength(1);
});
