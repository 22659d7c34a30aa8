import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { commitHead, readCommits, segmentHead } from './log-format.ts';

const none = (): void => expect.unreachable('all of it is whole');

function point(series: number, time: number, value: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(series, 0);
  bytes.writeUInt32LE(time, 4);
  bytes.writeDoubleLE(value, 8);
  return bytes;
}

it('reads what was written, with when it was read', () => {
  const points = [point(7, 100, 1.5), point(7, 101, 2.5)];
  const first = commitHead([{ series: 7, name: 'web.lo\u00e4d' }], points, 1_700_000_000);
  const second = commitHead([], [point(7, 102, 3.5)], 1_700_000_001);
  const bytes = Buffer.concat([segmentHead, first, ...points, second, point(7, 102, 3.5)]);
  expect([...readCommits(bytes, none)]).toEqual([
    { names: [{ series: 7, name: 'web.lo\u00e4d' }], points: Buffer.concat(points), readAt: 1_700_000_000 },
    { names: [], points: point(7, 102, 3.5), readAt: 1_700_000_001 },
  ]);
});

it.each([
  [2 ** 32, 2 ** 32 - 1],
  [-1, 0],
])('writes what was read at second %d, as a clock may say, as of %d', (readAt, expected) => {
  const one = point(7, 100, 1);
  const bytes = Buffer.concat([segmentHead, commitHead([], [one], readAt), one]);
  expect([...readCommits(bytes, none)]).toEqual([{ names: [], points: one, readAt: expected }]);
});

it('reads a log of the version before, which does not tell that', () => {
  const checked = Buffer.concat([Buffer.from([7, 0, 0, 0, 3, 0]), Buffer.from('a.b'), point(7, 100, 1.5)]);
  const head = Buffer.alloc(16);
  for (const [index, value] of [0x0b5b_0106, 9, 1, crc32(checked)].entries())
    head.writeUInt32LE(value, index * 4);
  const bytes = Buffer.concat([Buffer.from('OPSBRO metrics 1\n'), head, checked]);
  expect([...readCommits(bytes, none)]).toEqual([
    { names: [{ series: 7, name: 'a.b' }], points: point(7, 100, 1.5), readAt: undefined },
  ]);
});

it('says how much is torn where a time was changed', () => {
  const bytes = Buffer.concat([
    segmentHead,
    commitHead([], [point(7, 100, 1)], 1_700_000_000),
    point(7, 100, 1),
  ]);
  bytes[segmentHead.length + 16]! ^= 1;
  let torn = 0;
  const commits = readCommits(bytes, (count) => {
    torn = count;
  });
  expect([[...commits], torn]).toEqual([[], 36]);
});
