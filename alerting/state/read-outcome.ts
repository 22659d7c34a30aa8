import type { VerdictState } from 'opsbro/sdk';
import type { PlainError } from '../../core/errors.ts';
import type { Observation } from '../model.ts';

/** What an evaluation of a check's rule came to, as the language's engine tells it. */
export type RuleOutcome =
  | { kind: 'verdict'; state: VerdictState; output: string; missing?: string[]; error?: PlainError }
  | { kind: 'error'; error: PlainError }
  | { kind: 'groups' | 'value' };

/** What an outcome means for a check: whatever cannot be judged is UNKNOWN with its reason, never OK. */
export function readOutcome(outcome: RuleOutcome): Observation {
  switch (outcome.kind) {
    case 'verdict':
      return {
        state: outcome.state,
        output: outcome.output,
        ...(outcome.missing === undefined ? {} : { missing: outcome.missing }),
        ...(outcome.error === undefined ? {} : { error: outcome.error }),
      };
    case 'error':
      return {
        state: 'unknown',
        output: `${outcome.error.code}: ${outcome.error.message}`,
        error: outcome.error,
      };
    default:
      return { state: 'unknown', output: `the rule gave a ${outcome.kind}, not a verdict` };
  }
}
