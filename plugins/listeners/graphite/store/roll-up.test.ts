import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { aggregationRules, retentionRules, Schemas } from '../schemas/schemas.ts';
import { chunkPoints } from './point-ring.ts';
import { pathOf } from './series-path.ts';
import { MetricStore, type StoreParts } from './store.ts';

const python = '/usr/bin/python3';
const isPeerHere =
  process.env.OPSBRO_TEST_REQUIRE === 'all' || spawnSync(python, ['-c', 'import whisper']).status === 0;
const peerScript = fileURLToPath(new URL('../testdata/whisper_peer.py', import.meta.url));

const minute = 60;
const hour = 3600;
const day = 86_400;
/** A multiple of ten minutes. */
const now = 1_700_000_400;
const begin = now - 9 * day;

/** How ten minutes of each name become one point. */
const joined = {
  average: (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length,
  sum: (values: number[]) => values.reduce((sum, value) => sum + value, 0),
  min: (values: number[]) => Math.min(...values),
  max: (values: number[]) => Math.max(...values),
};
const names: [name: string, how: keyof typeof joined][] = [
  ['web1.memory.used', 'average'],
  ['stats.gauges.hits.count', 'sum'],
  ['stats.timers.login.sum', 'sum'],
  ['stats.timers.login.sum_99', 'sum'],
  ['stats.gauges.room.min', 'min'],
  ['stats.timers.login.lower', 'min'],
  ['stats.gauges.room.max', 'max'],
  ['stats.timers.login.upper', 'max'],
  ['stats.timers.login.upper_99', 'max'],
];

/** A value of a series at a minute, which sums of hours stay exact of. */
function valueAt(series: number, time: number): number {
  return ((time / minute) * (series + 7)) % 1021;
}

let folder: string;
let seconds: number;
const open: MetricStore[] = [];

function makeFolder(): void {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-roll-up-'));
  seconds = begin;
}

async function removeFolder(): Promise<void> {
  for (const store of open.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
}

/** The store as an agent has it without any configuration of retentions, by default. */
async function opened(given: Partial<StoreParts> = {}): Promise<MetricStore> {
  const store = new MetricStore({
    folder,
    schemas: new Schemas([], []),
    limits: { perSource: 100, inAll: 100, diskBytes: 2 ** 30 },
    waitingPoints: 2 * chunkPoints,
    flushMs: 3_600_000,
    clock: { now: () => seconds * 1000, monotonic: () => performance.now() },
    seed: 42,
    tell: () => undefined,
    ...given,
  });
  open.push(store);
  await store.open();
  return store;
}

/** A point a minute of each series, which come to their files by the half hour, and of the last hours one by one. */
async function liveNineDays(): Promise<void> {
  const store = await opened();
  for (let time = begin; time < now; time += minute) {
    seconds = time;
    names.forEach(([name], series) => {
      store.takeNamed(name, time, valueAt(series, time), 'test');
      if (time % (hour / 2) === 0 || time > now - 2 * hour) store.fetch(name, time - 1, time, time);
    });
    // So that no commit of the log is of more than an hour.
    if (time % hour === 0) expect(await store.synced(store.position)).toBe(true);
  }
  seconds = now;
  await store.close();
}

/** Points that are known of the last `span` seconds, by time, and their step. */
function fetched(
  store: MetricStore,
  name: string,
  span: number,
): { step: number; points: Map<number, number> } {
  const { start, step, values } = store.fetch(name, now - span, now, now)!;
  const known = [...values].flatMap((value, index): [number, number][] =>
    Number.isNaN(value) ? [] : [[start + index * step, value]],
  );
  return { step, points: new Map(known) };
}

function minutesFrom(series: number, from: number, until: number): [number, number][] {
  const points: [number, number][] = [];
  for (let time = from; time < until; time += minute) points.push([time, valueAt(series, time)]);
  return points;
}

function tens(series: number, how: keyof typeof joined, from: number): [number, number][] {
  const points: [number, number][] = [];
  for (let time = from; time < now; time += 600)
    points.push([time, joined[how](minutesFrom(series, time, time + 600).map(([, value]) => value))]);
  return points;
}

describe('a series of one point a minute', () => {
  beforeAll(async () => {
    makeFolder();
    await liveNineDays();
  });
  afterAll(removeFolder);

  it('is there in steps of ten seconds, a minute and ten minutes', async () => {
    const store = await opened();
    for (const [series, [name, how]] of names.entries()) {
      const [fine, minutes, coarse] = [6 * hour, 7 * day, 9 * day].map((span) => fetched(store, name, span));
      expect(fine?.step).toBe(10);
      expect([...(fine?.points ?? [])]).toEqual(minutesFrom(series, now - 6 * hour + minute, now));
      expect(minutes?.step).toBe(60);
      expect([...(minutes?.points ?? [])]).toEqual(minutesFrom(series, now - 7 * day + minute, now));
      expect(coarse?.step).toBe(600);
      expect([name, ...(coarse?.points ?? [])]).toEqual([name, ...tens(series, how, begin + 600)]);
    }
  });

  it.skipIf(!isPeerHere)("is read so by Debian's whisper too", async () => {
    const steps = names.map(([name]) => ({
      do: 'fetch',
      path: join(folder, 'whisper', pathOf(name)),
      ...{ from: begin, until: now, now },
    }));
    const answers = JSON.parse(
      execFileSync(python, [peerScript], { input: JSON.stringify(steps), maxBuffer: 2 ** 28 }).toString(),
    ) as [[number, number, number], (number | null)[]][];
    for (const [series, [, how]] of names.entries()) {
      const [[start, , step], values] = answers[series]!;
      expect([start, step]).toEqual([begin + 600, 600]);
      expect(values.filter((value) => value !== null)).toEqual(
        tens(series, how, begin + 600).map(([, value]) => value),
      );
    }
  });
});

it('joins what its log brings back as it would have then, however late it comes back', async () => {
  makeFolder();
  onTestFinished(removeFolder);
  const schemas = new Schemas(
    retentionRules([{ pattern: '', retentions: '1s:2m,10s:1h,1m:1d' }]),
    aggregationRules([{ pattern: '', method: 'sum' }]),
  );
  const store = await opened({ schemas });
  for (; seconds < begin + 300; seconds += 1) {
    store.takeNamed('web.hits', seconds, 2, 'test');
    // Of most others there are few points.
    if (seconds % 50 === 0)
      for (let other = 0; other < 90; other += 1) store.takeNamed(`other.${other}`, seconds, 1, 'test');
    if (seconds % 20 === 0) expect(await store.synced(store.position)).toBe(true);
  }
  expect(await store.synced(store.position)).toBe(true);
  const copy = mkdtempSync(join(tmpdir(), 'opsbro-late-'));
  cpSync(folder, copy, { recursive: true });
  seconds += 7200;
  const later = await opened({ schemas, folder: copy });
  const sums = later.fetch('web.hits', begin - 1, begin + 299, seconds)!;
  expect([sums.step, ...sums.values]).toEqual([60, 120, 120, 120, 120, 120]);
  await later.close();
  rmSync(copy, { recursive: true });
});
