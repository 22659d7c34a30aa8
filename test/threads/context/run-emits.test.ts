import { describe, expect, it } from 'vitest';
import { RunEmits, readEmit } from '../../../threads/context/run-emits.ts';

describe('an event', () => {
  it.each([
    ['no topic', undefined, 1],
    ['an empty topic', '', 1],
    ['a topic of words', 'two words', 1],
    ['a long topic', 'x'.repeat(65), 1],
    ['a topic that is no text', ['a'], 1],
    ['large data', 'a', 'é'.repeat(2048)],
    ['deep data', 'a', [[[[[[[[[1]]]]]]]]]],
    ['many values', 'a', new Array(201).fill(1)],
    ['an instance', 'a', new Map()],
    [
      'a getter that throws',
      'a',
      Object.defineProperty({}, 'b', { enumerable: true, get: () => BigInt(1.5) }),
    ],
  ])('is none with %s', (_, topic, data) => {
    expect(readEmit(topic, data)).toBeNull();
  });

  it('is a copy of plain data under a short name', () => {
    const data = { file: '/var/log/a', sizes: [1, Number.NaN] };
    const emit = readEmit('log/rotated-2', data);
    data.sizes.push(3);
    expect(emit).toEqual({ topic: 'log/rotated-2', data: { file: '/var/log/a', sizes: [1, null] } });
    expect(readEmit('nothing', undefined)).toEqual({ topic: 'nothing', data: null });
  });
});

it('a run keeps a hundred events and counts the rest', () => {
  const emits = new RunEmits();
  expect(emits.result()).toEqual({});
  emits.take('a b', 1);
  for (let index = 0; index < 103; index += 1) emits.take('n', index);
  const { kept, dropped } = emits.result().emits!;
  expect([kept.length, kept.at(-1)?.data, dropped]).toEqual([100, 99, 4]);
});
