import type { JsonObject } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { lastingProblem, type Patterns, Tally } from './tally.ts';

describe('a problem', () => {
  const patterns: Patterns = {
    critical_pattern: 'ERROR',
    warning_pattern: 'WARN',
    ok_pattern: 'recovered',
    ignore_case: false,
    warning_count: 0,
    critical_count: 0,
    max_lines: 5,
  };
  const minute = 60_000;

  /** The states after each run; a run is a text of lines, one a minute. */
  function run(texts: string[], given: Partial<Patterns> = {}): string[] {
    const options = { ...patterns, ...given };
    let kept: JsonObject | undefined;
    return texts.map((text, index) => {
      const tally = new Tally(options);
      for (const line of text.split(',').filter(Boolean)) tally.add(line);
      const problem = lastingProblem(kept, tally, options, index * minute);
      kept = problem === undefined ? undefined : { ...problem };
      return problem?.state ?? 'ok';
    });
  }

  it('lasts until a line ends it', () => {
    expect(run(['ERROR', '', 'WARN', 'recovered', ''])).toEqual([
      'critical',
      'critical',
      'critical',
      'ok',
      'ok',
    ]);
    expect(run(['WARN', 'ERROR', 'recovered,WARN', ''])).toEqual([
      'warning',
      'critical',
      'warning',
      'warning',
    ]);
    expect(run(['ERROR,recovered', 'recovered,ERROR'])).toEqual(['ok', 'critical']);
  });

  it('lasts for so long', () => {
    const { ok_pattern: _, ...rest } = patterns;
    const lasting = (texts: string[]) =>
      run(texts, { ...rest, ok_pattern: undefined, keep: '2m' } as Partial<Patterns>);
    expect(lasting(['ERROR', '', '', ''])).toEqual(['critical', 'critical', 'ok', 'ok']);
    expect(lasting(['ERROR', 'ERROR', '', ''])).toEqual(['critical', 'critical', 'critical', 'ok']);
    expect(lasting(['ERROR', 'WARN', '', ''])).toEqual(['critical', 'critical', 'ok', 'ok']);
  });

  it('lasts for one run otherwise', () => {
    expect(run(['ERROR', ''], { ok_pattern: undefined } as never)).toEqual(['critical', 'ok']);
  });
});

it('shows no half of a character where it cuts a line', () => {
  const tally = new Tally({
    critical_pattern: 'ERROR',
    ignore_case: false,
    warning_count: 0,
    critical_count: 0,
    max_lines: 5,
  });
  tally.add(`ERROR ${'x'.repeat(492)}😀😀`);
  expect(tally.newest).toEqual([`ERROR ${'x'.repeat(492)}…`]);
});
