import type { Json } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import { isCheckName, matchesAll, parseMatchers } from './matcher.ts';
import type { CheckFacts, Matcher } from './model.ts';

const namesShown = 5;

/** The checks of this host that a downtime or silence is for, in whatever state they are. */
export interface MatchedView {
  count: number;
  /** Names of the first five, in order. */
  first: string[];
}

/** Says which of `checks` run here and fit `match` in some state: what holds for a state now holds for other checks later. */
export function matchedBy(match: readonly Matcher[], checks: readonly CheckFacts[]): MatchedView {
  const names = checks
    .filter((check) => check.isIdle !== true && isMeant(match, check))
    .map(({ name }) => name);
  return { count: names.length, first: names.sort().slice(0, namesShown) };
}

/** True for a check that fits `match` in some state. */
export function isMeant(match: readonly Matcher[], check: CheckFacts): boolean {
  return matchesAll(
    match.filter(({ field }) => field !== 'state'),
    check,
  );
}

/**
 * Throws OPSBRO_API_NOT_FOUND for a plain name in a request's `match` that is of no check: it is misspelt. A matcher with an operator may be
 * for checks that are to come.
 */
export function refuseUnknownNames(match: Json | undefined, checks: readonly CheckFacts[]): void {
  for (const text of Array.isArray(match) ? match : [match]) {
    if (typeof text !== 'string' || !isCheckName(text)) continue;
    const matchers = parseMatchers([text]);
    if (checks.some((check) => matchesAll(matchers, check))) continue;
    const name = text.trim();
    throw new OpsbroError(
      'OPSBRO_API_NOT_FOUND',
      `no check '${name}' (write 'check=${name}' for one that is to come)`,
    );
  }
}
