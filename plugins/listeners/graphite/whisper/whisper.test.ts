import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aggregate } from './aggregate.ts';
import { fetchPoints } from './fetch.ts';
import { createFile, layoutOf } from './file.ts';
import { aggregationMethods, type Layout, makeLayout, readLayout, retentionProblem } from './layout.ts';
import { parseRetentions } from './retention.ts';
import { updateMany } from './update.ts';

const python = '/usr/bin/python3';
const peerScript = fileURLToPath(new URL('../testdata/whisper_peer.py', import.meta.url));

function has(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const required = process.env.OPSBRO_TEST_REQUIRE === 'all';
const isPeerHere = required || has(python, ['-c', 'import whisper']);
const peerTitle = isPeerHere ? '' : ' (skipped: python3-whisper is not installed)';

type Point = [time: number, value: number];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-whisper-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function withFile<Result>(path: string, use: (fd: number, layout: Layout) => Result): Result {
  const fd = openSync(path, 'r+');
  try {
    return use(fd, layoutOf(fd)!);
  } finally {
    closeSync(fd);
  }
}

function update(path: string, points: Point[], now: number): void {
  const [times, values] = [points.map(([time]) => time), points.map(([, value]) => value)];
  withFile(path, (fd, layout) => updateMany(fd, layout, times, values, points.length, now));
}

function fetched(path: string, from: number, until: number, now: number): unknown {
  const found = withFile(path, (fd, layout) => fetchPoints(fd, layout, from, until, now));
  if (found === undefined) return null;
  const values = [...found.values].map((value) => (Number.isNaN(value) ? null : value));
  return [[found.start, found.end, found.step], values];
}

function peer(steps: object[]): unknown[] {
  const output = execFileSync(python, [peerScript], { input: JSON.stringify(steps), maxBuffer: 2 ** 30 });
  return JSON.parse(output.toString()) as unknown[];
}

describe('retentions', () => {
  it.each([
    [
      '10s:6h,1m:7d',
      [
        [10, 2160],
        [60, 10_080],
      ],
    ],
    ['60:1440', [[60, 1440]]],
    ['1min:1week', [[60, 10_080]]],
    ['15:1y', [[15, 2_102_400]]],
  ])('of %s are read', (text, expected) => {
    expect(parseRetentions(text).map(({ step, points }) => [step, points])).toEqual(expected);
  });

  it.each(['', '10s', '10s:6h:1', '0s:1h', '-1s:5', '1q:5d', '10s:six'])('of %j are refused', (text) => {
    expect(() => parseRetentions(text)).toThrow('is no retention');
  });

  it.each([
    ['1s:1m,1s:2m', 'have the same step'],
    ['7s:1h,60s:1d', 'no multiple'],
    ['1s:2h,60s:1h', 'no further'],
    ['1s:30,60s:1d', 'shorter than one point'],
    ['1s:0', 'holds nothing'],
  ])('%s do not fit together', (text, problem) => {
    expect(retentionProblem(parseRetentions(text))).toContain(problem);
  });
});

describe('rolling up', () => {
  const values = Float64Array.of(3, Number.NaN, -5, 2);
  it.each([
    ['average', 0],
    ['sum', 0],
    ['last', 2],
    ['max', 3],
    ['min', -5],
    ['avg_zero', 0],
    ['absmax', -5],
    ['absmin', 2],
  ] as const)('by %s gives %d', (method, expected) => {
    expect(aggregate(method, values, 0)).toBe(expected);
  });

  it('gives nothing where less is known than asked for', () => {
    expect(aggregate('sum', values, 0.75)).toBe(0);
    expect(aggregate('sum', values, 0.76)).toBeNaN();
    expect(aggregate('sum', new Float64Array(3).fill(Number.NaN), 0)).toBeNaN();
  });
});

describe('a file', () => {
  it('takes no room for points that nobody wrote', () => {
    const path = join(folder, 'a/b/new.wsp');
    createFile(path, makeLayout(parseRetentions('10s:6h,1m:7d,10m:1y'), 'average', 0));
    expect(statSync(path).size).toBe(16 + 36 + 12 * (2160 + 10_080 + 52_560));
    expect(statSync(path).blocks * 512).toBeLessThanOrEqual(4096);
  });

  it.each([
    ['too short', Buffer.alloc(10)],
    ['of zeroes', Buffer.alloc(100)],
    ['of another kind', Buffer.from('#!/bin/sh\necho this is no whisper file at all, is it?\n')],
  ])('that is %s has no layout', (_, bytes) => {
    expect(readLayout(bytes, bytes.length)).toBeUndefined();
  });

  it('keeps points of the future within their own archive', () => {
    const path = join(folder, 'future.wsp');
    createFile(path, makeLayout(parseRetentions('1s:10,10s:100s'), 'max', 0));
    const points = Array.from({ length: 30 }, (_, index): Point => [1_000_005 + index, index]);
    update(path, points, 1_000_006);
    const layout = readLayout(readFileSync(path), 1000)!;
    expect(layout.archives.map(({ step, points }) => [step, points])).toEqual([
      [1, 10],
      [10, 10],
    ]);
    expect(fetched(path, 1_000_024, 1_000_034, 1_000_034)).toEqual([
      [1_000_025, 1_000_035, 1],
      [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
    ]);
  });
});

const layouts = ['1s:60,10s:10m,60s:1h', '10s:1h', '10s:60s,60s:10m', '2s:20,4s:40,20s:5m', '60:1440'];

const arbitraryCase = fc.record({
  retentions: fc.constantFrom(...layouts),
  aggregation: fc.constantFrom(...aggregationMethods),
  xff: fc.constantFrom(0, 0.1, 0.5, 1),
  begin: fc.integer({ min: 1_600_000_000, max: 1_800_000_000 }),
  batches: fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 400 }),
      ages: fc.uniqueArray(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 40 }),
      value: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    }),
    { minLength: 4, maxLength: 4 },
  ),
});

function pointsOf({ ages, value }: { ages: number[]; value: number }, now: number): Point[] {
  return ages
    .toSorted((one, other) => other - one)
    .map((age, index): Point => [now - age, index % 3 === 0 ? value : value * index - age]);
}

describe.skipIf(!isPeerHere)(`beside Debian's whisper${peerTitle}`, () => {
  it('writes and reads the same points, into files of either', () => {
    const cases = fc.sample(arbitraryCase, { numRuns: 300, seed: 20_261_129 });
    const path = (kind: string, index: number): string => join(folder, `${kind}-${index}.wsp`);
    peer(
      cases.flatMap(({ retentions, xff, aggregation }, index) => {
        const archives = parseRetentions(retentions).map(({ step, points }) => [step, points]);
        if (index % 2 === 1)
          createFile(path('both', index), makeLayout(parseRetentions(retentions), aggregation, xff));
        const create = { do: 'create', archives, xff, aggregation };
        const both = index % 2 === 0 ? [{ ...create, path: path('both', index) }] : [];
        return [{ ...create, path: path('theirs', index) }, ...both];
      }),
    );
    const clocks = cases.map(({ begin }) => begin);
    for (let round = 0; round < 4; round += 1) {
      const steps = cases.flatMap(({ batches }, index) => {
        const batch = batches[round]!;
        clocks[index]! += batch.after;
        const now = clocks[index]!;
        const points = pointsOf(batch, now);
        const theirs = { do: 'update', path: path('theirs', index), points, now };
        if ((index + round) % 3 === 0) return [theirs, { ...theirs, path: path('both', index) }];
        update(path('both', index), points, now);
        return [theirs];
      });
      peer(steps);
    }
    const ranges = cases.flatMap((_, index) => {
      const now = clocks[index]!;
      return [30, 70, 500, 3000].map((reach) => ({
        index,
        from: now - reach,
        until: now - (reach % 7),
        now,
      }));
    });
    const asked = (kind: string): object[] =>
      ranges.map(({ index, ...range }) => ({ do: 'fetch', path: path(kind, index), ...range }));
    const expected = peer(asked('theirs'));
    expect(expected.flat(3).filter((value) => value !== null).length).toBeGreaterThan(5000);
    expect(peer(asked('both'))).toEqual(expected);
    expect(
      ranges.map(({ index, from, until, now }) => fetched(path('both', index), from, until, now)),
    ).toEqual(expected);
  });

  it.skipIf(!required && !has('which', ['whisper-info']))('is read by its programs', () => {
    const path = join(folder, 'programs.wsp');
    createFile(path, makeLayout(parseRetentions('10s:6h,1m:7d,10m:1y'), 'sum', 0.25));
    const now = Math.floor(Date.now() / 1000);
    update(
      path,
      [
        [now - 20, 1.5],
        [now - 10, 2.5],
      ],
      now,
    );
    const run = (program: string, ...args: string[]): string =>
      execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
    expect(run('whisper-info', path)).toContain('aggregationMethod: sum');
    expect(run('whisper-fetch', `--from=${now - 60}`, path)).toMatch(/\t1\.500000\n\d+\t2\.500000/);
    expect(run('whisper-dump', path)).toContain('2.5');
    run('whisper-update', path, `${now}:4.5`);
    const [, values] = fetched(path, now - 25, now, now) as [unknown, (number | null)[]];
    expect(values).toContain(4.5);
  });
});
