import { expect, it } from 'vitest';
import type { Flapping, FlappingPolicy } from '../../../alerting/model.ts';
import { nextFlapping, percentOf } from '../../../alerting/state/flapping.ts';

const policy: FlappingPolicy = { enabled: true, high: 30, low: 25 };
const calm: Flapping = { is: false, history: '', percent: 0 };

function after(bits: string, from = calm, how = policy): Flapping {
  return [...bits].reduce((flapping, bit) => nextFlapping(flapping, bit === '1', how), from);
}

it.each([
  ['', 0],
  ['0'.repeat(20), 0],
  ['1'.repeat(20), 100],
  [`1${'0'.repeat(19)}`, 4],
  [`${'0'.repeat(19)}1`, 6],
  ['1', 6],
  ['10', 5.89],
  ['00100000010100010111', 37.58],
])('weighs %s as %d percent, the newest change the heaviest', (history, percent) => {
  expect(percentOf(history)).toBeCloseTo(percent, 2);
});

it('remembers twenty runs', () => {
  expect(after('1'.repeat(30)).history).toBe('1'.repeat(20));
});

it('begins above the high threshold and ends below the low one', () => {
  const five = after('11111');
  expect(five.percent).toBeLessThan(30);
  expect(five.is).toBe(false);
  const six = after('1', five);
  expect(six.percent).toBeGreaterThan(30);
  expect(six.is).toBe(true);
  let flapping = six;
  while (flapping.is) {
    expect(flapping.percent).toBeGreaterThanOrEqual(25);
    flapping = after('0', flapping);
  }
  expect(flapping.percent).toBeLessThan(25);
  expect(flapping.history).toBe(`11111${'0'.repeat(15)}`);
});

it.each([
  { high: 6, low: 6, is: false },
  { high: 5.99, low: 5, is: true },
])('does not begin at the threshold itself: $high', ({ high, low, is }) => {
  expect(nextFlapping(calm, true, { enabled: true, high, low }).is).toBe(is);
});

it('keeps its window while it is switched off, and ends at once', () => {
  const off = after('0', after('1111111'), { ...policy, enabled: false });
  expect(off).toMatchObject({ is: false, history: '11111110' });
  expect(after('0', off).is).toBe(true);
});
