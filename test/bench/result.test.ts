import { describe, expect, it } from 'vitest';
import {
  alternate,
  atLeastRatio,
  atMost,
  atMostRatio,
  median,
  peerAbsent,
  quantile,
  resultOf,
  round,
  roundsOf,
} from './result.ts';

describe('alternate', () => {
  it('lets both sides take turns and judges by the median of the ratios', async () => {
    const order: string[] = [];
    const ours = [10, 40, 30, 20, 50];
    const peer = [1, 2, 1, 1, 1];
    const rounds = await alternate(
      5,
      async () => {
        order.push('ours');
        return ours.shift() ?? 0;
      },
      async () => {
        order.push('peer');
        return peer.shift() ?? 0;
      },
    );
    expect(order.join(' ')).toBe('ours peer peer ours ours peer peer ours ours peer');
    expect(rounds).toEqual({ ours: 30, peer: 1, ratio: 20, lowerQuartile: 20, upperQuartile: 30 });
    expect(atLeastRatio('speed', rounds, 12)).toMatchObject({ ratio: 20, pass: true });
    expect(atLeastRatio('speed', rounds, 21)).toMatchObject({ pass: false });
  });
});

describe('a result', () => {
  it('passes when every figure does, and leads with the first', () => {
    const result = resultOf('start', 'ms', [atMost('a', 1234.56, 1500), atMost('b', 1, 0)]);
    expect(result).toMatchObject({ ours: 1235, peer: null, ratio: null, reach: 1500, pass: false });
    expect(resultOf('x', '', [atMost('a', 1, 1)]).pass).toBe(true);
    expect(atMost('a', Number.NaN, 1).pass).toBe(false);
  });

  it('names the package of an absent peer and does not pass', () => {
    const result = peerAbsent('expressions', '1/s', 12, 'python3');
    expect(result.pass).toBe(false);
    expect(result.checks[0]?.name).toContain('python3');
  });
});

it.each([
  [[3, 1, 2], 0.5, 2],
  [[1, 2, 3, 4], 0.5, 2.5],
  [[1, 2, 3, 4, 5], 0.25, 2],
  [[7], 0.99, 7],
])('the quantile of %j at %f is %f', (values, q, expected) => {
  expect(quantile(values, q)).toBe(expected);
});

it('has no median of nothing, and rounds to four digits', () => {
  expect(median([])).toBeNaN();
  expect(round(0.000123456)).toBe(0.0001235);
  expect(round(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
});

it('judges what must not exceed the peer by the median of the ratios of the rounds', () => {
  const rounds = roundsOf([2, 8, 3], [1, 10, 2]);
  expect(rounds).toMatchObject({ ours: 3, peer: 2, ratio: 1.5 });
  expect(atMostRatio('cpu', rounds, 1.5).pass).toBe(true);
  expect(atMostRatio('cpu', rounds, 1.4).pass).toBe(false);
});
