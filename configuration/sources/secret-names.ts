import type { Json, JsonObject } from 'opsbro/sdk';
import { redacted } from './options.ts';

/** Last steps of paths whose values are taken for secrets: what a check holds of its own has no schema that says which ones are. */
const secretName =
  /pass(word|wd|phrase)?$|secret|token|credential|community|api[-_]?key|auth[-_]?key|private[-_]?key/i;

/** A tree in which values with the name of a secret are redacted. Copies. */
export function withoutSecrets(tree: Json): Json {
  if (Array.isArray(tree)) return tree.map(withoutSecrets);
  if (tree === null || typeof tree !== 'object') return tree;
  const shown: JsonObject = {};
  for (const [name, value] of Object.entries(tree)) {
    const isText = typeof value === 'string' || typeof value === 'number';
    shown[name] = isText && value !== '' && secretName.test(name) ? redacted : withoutSecrets(value);
  }
  return shown;
}
