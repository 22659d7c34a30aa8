import { describe, expect, it } from 'vitest';
import { isRefusalProven, type RefusalCase, refusedProbe, refusedReport } from './refusals.ts';

const at = (probes: number, helpers: string[] = []): RefusalCase => ({
  incarnation: 1,
  probes,
  lastMs: 0,
  helpers,
});

describe('a refusal', () => {
  it.each([
    // probes, helpers who confirm, helpers that there are, proven
    [2, 2, 58, true],
    [2, 1, 58, false],
    [1, 3, 58, false],
    [9, 1, 2, false],
    [3, 1, 1, true],
    [2, 1, 1, false],
    [9, 0, 1, false],
    [4, 0, 0, true],
    [3, 0, 0, false],
  ])('seen %i times, confirmed by %i of %i helpers, proves a death: %s', (probes, helpers, able, proven) => {
    const names = Array.from({ length: helpers }, (_, index) => `h${index}`);
    expect(isRefusalProven(at(probes, names), able)).toBe(proven);
  });

  it('counts probes only a second apart', () => {
    const first = refusedProbe(undefined, 1, 5000);
    expect(refusedProbe(first, 1, 5999)).toBe(first);
    expect(refusedProbe(first, 1, 6000)).toMatchObject({ probes: 2, lastMs: 6000 });
  });

  it('counts a helper once, and none before we saw it ourselves', () => {
    expect(refusedReport(undefined, 1, 'h')).toBeUndefined();
    const once = refusedReport(at(1), 1, 'h');
    expect(refusedReport(once, 1, 'h')).toBe(once);
    expect(once?.helpers).toEqual(['h']);
  });

  it('starts again with a new incarnation', () => {
    expect(refusedProbe(at(1, ['h']), 2, 9000)).toMatchObject({ incarnation: 2, probes: 1, helpers: [] });
    expect(refusedReport(at(1), 2, 'h')?.helpers).toEqual([]);
  });
});
