import type { Json } from 'opsbro/sdk';
import { shellWord, simpleWords } from '../../exec/quote.ts';
import { withoutSecrets } from '../sources/secret-names.ts';
import { expandScript } from './macros.ts';

/**
 * A script with its macros replaced, as it may be shown: a text for a shell, or words quoted where they have to be. Values with the name
 * of a secret are redacted; what the script itself holds is not. Null when it does not run: a macro names nothing, or has no text.
 */
export function shownCommand(script: string | string[], trees: readonly Json[]): string | null {
  const { plan, unresolved } = expandScript(script, trees.map(withoutSecrets));
  if (plan === null || unresolved.length > 0) return null;
  if ('shell' in plan) return plan.shell;
  return plan.argv.map((word) => (simpleWords(`x ${word}`)?.[1] === word ? word : shellWord(word))).join(' ');
}
