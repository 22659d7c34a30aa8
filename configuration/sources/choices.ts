import type { Json, JsonObject, Manifest } from 'opsbro/sdk';

/** The keys of which a schema wants one at least, by an `anyOf` of nothing but a `required` key each; none where it says no such thing. */
export function choices(schema: JsonObject | undefined): string[] {
  const branches = Array.isArray(schema?.anyOf) ? schema.anyOf : [];
  const keys = branches.map((branch) => {
    const { required, ...more } = Object(branch) as JsonObject;
    const isKey = Array.isArray(required) && required.length === 1 && Object.keys(more).length === 0;
    return isKey ? String((required as Json[])[0]) : null;
  });
  return keys.every((key) => key !== null) ? keys : [];
}

/** What is to be said of options that have nothing in any of the keys of which one is wanted; null when one has something. */
export function emptyChoice(
  { name, kind, options: schema, permissions }: Manifest,
  options: JsonObject,
): string | null {
  const keys = choices(schema);
  const [first] = keys;
  if (first === undefined || keys.some((key) => options[key] !== '')) return null;
  const [variable] = permissions?.env ?? [];
  const how =
    variable === undefined
      ? 'give one of them'
      : `give one of them, as '${first}: {env: ${variable}}' where the agent's environment has it`;
  return `${namesOf(keys, 'and')} of ${kind}/${name} are empty; ${how}`;
}

/** Keys as a sentence has them: `'token' or 'webhook_url'`. */
export function namesOf(keys: readonly string[], word: 'and' | 'or'): string {
  return keys.map((key) => `'${key}'`).join(` ${word} `);
}
