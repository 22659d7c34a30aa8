import { describe, expect, it } from 'vitest';
import { ToldChecks } from '../../../alerting/routing/told-checks.ts';

const last = { state: 'critical' as const, episode: 1, at: 1, repeats: 0 };

describe('ToldChecks', () => {
  const sample = (): ToldChecks => {
    const told = new ToldChecks();
    for (const [handler, check] of [
      ['mail', 'a'],
      ['mail', 'b'],
      ['chat', 'a'],
    ] as const)
      told.set(handler, check, last);
    return told;
  };

  it('knows what each handler was told', () => {
    const told = sample();
    expect([told.of('mail', 'a'), told.of('chat', 'b'), told.of('log', 'a')]).toEqual([
      last,
      undefined,
      undefined,
    ]);
    expect([told.has('b'), told.has('c'), new Set(told.checks())]).toEqual([
      true,
      false,
      new Set(['a', 'b']),
    ]);
  });

  it('gives the keys of what it forgets', () => {
    const told = sample();
    expect(told.deleteCheck('a')).toEqual(['told/mail\ta', 'told/chat\ta']);
    expect([told.has('a'), told.deleteCheck('a')]).toEqual([false, []]);
    expect(told.delete('mail', 'b')).toBe('told/mail\tb');
    expect(told.checks()).toEqual([]);
    expect(sample().keepHandlers(new Set(['chat', 'log']))).toEqual(['told/mail\ta', 'told/mail\tb']);
  });
});
