import type { Json, JsonObject } from 'opsbro/sdk';
import { lookUp } from './macros.ts';
import { redactSecrets } from './options.ts';
import { withoutSecrets } from './secret-names.ts';

/** It is kept for each object that runs; whoever writes more than this looks into the file. */
const maxLength = 16_384;

/** What an object's keys are made of. */
export interface WrittenParts {
  /** As in the file. */
  value: JsonObject;
  /** Its plugin's options, defaults filled in, and their schema. */
  options: Json | undefined;
  schema: Json | undefined;
  /** Of its pack. */
  parameters: JsonObject;
}

/**
 * What an object says of itself, to be compared with what it says later: its keys, its options as they count, and the parameters that its
 * expressions bind, as JSON and without secrets. Undefined where that is too long to be kept.
 */
export function writtenText({ value, options, schema, parameters }: WrittenParts): string | undefined {
  const { options: nested, ...own } = value;
  const shown = options === undefined ? (nested ?? {}) : redactSecrets(schema, options);
  const bound = [...boundParameters(value)].flatMap((path): [string, Json][] => {
    const found = lookUp(parameters, path.split('.'));
    return found === undefined ? [] : [[`parameters.${path}`, found]];
  });
  const text = JSON.stringify(
    withoutSecrets({ ...own, ...(shown as JsonObject), ...Object.fromEntries(bound) }),
  );
  return text.length > maxLength ? undefined : text;
}

/** The paths of the parameters that expressions in a tree bind. */
export function boundParameters(value: Json): Set<string> {
  const text = JSON.stringify(value);
  return new Set([...text.matchAll(/\bparameters\.([^\s{}|"\\]+)/g)].map(([, path]) => path!));
}
