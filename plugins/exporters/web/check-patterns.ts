import type { CheckFact } from 'opsbro/sdk';

/** Makes a test for checks of patterns: the id or the name of a check, with `*` for any text. */
export function checkMatcher(
  patterns: 'all' | readonly string[],
): (check: Pick<CheckFact, 'id' | 'name'>) => boolean {
  if (patterns === 'all') return () => true;
  const expressions = patterns.map(expressionOf);
  return ({ id, name }) => expressions.some((one) => one.test(id) || one.test(name));
}

/** Whether a pattern names one check alone. */
export function isPlain(pattern: string): boolean {
  return !pattern.includes('*');
}

/** Runs of `*` are one: two in a row would be tried in every split of a text. */
function expressionOf(pattern: string): RegExp {
  const parts = pattern.split(/\*+/).map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
