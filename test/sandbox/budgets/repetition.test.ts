import { describe, expect, it } from 'vitest';
import { CpuWindow } from '../../../sandbox/budgets/cpu-window.ts';
import { type Deed, goodConduct, judge } from '../../../sandbox/budgets/repetition.ts';

const clean: Deed = { denials: 0, denied: null, breach: null, killed: false };
const denied: Deed = { ...clean, denials: 25, denied: 'readText /etc/shadow' };
const over: Deed = { ...clean, breach: 'memory' };
const killed: Deed = { ...clean, breach: 'cpu', killed: true };

/** Reasons for deeds, each so many ms after the one before. */
function reasons(deeds: Deed[], apartMs: number): (string | null)[] {
  let conduct = goodConduct;
  return deeds.map((deed, index) => {
    const judged = judge(conduct, deed, index * apartMs);
    conduct = judged.conduct;
    return judged.reason;
  });
}

describe('repetition', () => {
  it.each([
    ['a hundred denials within a minute', [denied, denied, denied, denied], 19_000, /100 times .* readText/],
    [
      'five breaches in a row',
      [over, over, over, over, over],
      3_600_000,
      /5 times in a row, the last: memory/,
    ],
    ['three kills within ten minutes', [killed, clean, killed, clean, killed], 120_000, /3 times within ten/],
  ])('leads to quarantine by %s', (_, deeds, apartMs, reason) => {
    const found = reasons(deeds, apartMs);
    expect(found.slice(0, -1).every((one) => one === null)).toBe(true);
    expect(found.at(-1)).toMatch(reason);
  });

  it.each([
    ['as many denials in more time', [denied, denied, denied, denied], 20_000],
    ['breaches with a clean run between', [over, over, over, over, clean, over], 1000],
    ['kills in more time', [killed, clean, killed, clean, killed], 150_000],
  ])('is not %s', (_, deeds, apartMs) => {
    expect(reasons(deeds, apartMs).every((one) => one === null)).toBe(true);
  });
});

describe('processor time of a minute', () => {
  it('is forgotten second by second', () => {
    const window = new CpuWindow();
    window.add(10, 5_000);
    window.add(20, 35_500);
    expect([35_900, 64_900, 65_000, 94_900, 95_000, 1e9].map((at) => window.used(at))).toEqual([
      30, 30, 20, 20, 0, 0,
    ]);
  });
});
