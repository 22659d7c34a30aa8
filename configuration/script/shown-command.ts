import type { Json, JsonObject } from 'opsbro/sdk';
import { shellWord, simpleWords } from '../../exec/quote.ts';
import { redacted } from '../sources/options.ts';
import { expandScript } from './macros.ts';

/** Last steps of paths whose values are taken for secrets: a command line has no schema that says which ones are. */
const secretName =
  /pass(word|wd|phrase)?$|secret|token|credential|community|api[-_]?key|auth[-_]?key|private[-_]?key/i;

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

function withoutSecrets(tree: Json): Json {
  if (Array.isArray(tree)) return tree.map(withoutSecrets);
  if (tree === null || typeof tree !== 'object') return tree;
  const shown: JsonObject = {};
  for (const [name, value] of Object.entries(tree)) {
    const isText = typeof value === 'string' || typeof value === 'number';
    shown[name] = isText && value !== '' && secretName.test(name) ? redacted : withoutSecrets(value);
  }
  return shown;
}
