// Writes control/openapi/schemas.json: JSON Schemas of the types of control/openapi/answers.ts, with their comments as descriptions.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const root = fileURLToPath(new URL('..', import.meta.url));
const asked = {
  path: `${root}control/openapi/answers.ts`,
  tsconfig: `${root}tsconfig.json`,
  type: '*',
  skipTypeCheck: true,
  additionalProperties: false,
};

/** The schemas, by name, in order, with the references of an OpenAPI document. */
export function apiSchemas() {
  const { definitions = {} } = createGenerator(asked).createSchema('*');
  // Functions that stand beside the types begin with a small letter.
  const kept = Object.entries(definitions).filter(([name]) => /^[A-Z]\w*$/.test(name));
  const sorted = kept.sort(([left], [right]) => (left < right ? -1 : 1));
  const text = JSON.stringify(Object.fromEntries(sorted));
  return JSON.parse(text.replaceAll('#/definitions/', '#/components/schemas/'));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(`${root}control/openapi/schemas.json`, `${JSON.stringify(apiSchemas(), null, 2)}\n`);
