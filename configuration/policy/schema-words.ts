import type { Json, JsonObject } from 'opsbro/sdk';
import { nearest } from '../../language/nearest.ts';
import type { Path } from '../sources/yaml.ts';

/** What is wrong with one place of a schema; `of` tells whether the key or the value there is to blame. */
export interface WordFault {
  message: string;
  path: Path;
  of: 'key' | 'value';
}

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const inner = {
  one: [
    'items',
    'additionalProperties',
    'unevaluatedProperties',
    'contains',
    'not',
    'if',
    'then',
    'else',
    'propertyNames',
  ],
  list: ['anyOf', 'allOf', 'oneOf', 'prefixItems'],
  named: ['properties', 'patternProperties', '$defs', 'dependentSchemas'],
};
/** Those of JSON Schema 2020-12, and the product's own. */
const keywords = new Set([
  ...Object.values(inner).flat(),
  ...[
    'type',
    'enum',
    'const',
    'default',
    'title',
    'description',
    'examples',
    'deprecated',
    'readOnly',
    'writeOnly',
  ],
  ...[
    'required',
    'dependentRequired',
    'minProperties',
    'maxProperties',
    'unevaluatedItems',
    'minItems',
    'maxItems',
  ],
  ...['uniqueItems', 'minContains', 'maxContains', 'minLength', 'maxLength', 'pattern', 'format'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['$schema', '$id', '$ref', '$anchor', '$comment', 'inherits', 'patternErrorMessage'],
]);
const maxDepth = 32;

/**
 * What a schema says that means nothing: keywords and formats that do not exist, required keys that it does not have. JSON Schema takes all of
 * these and checks nothing by them, which the author of a plugin did not want.
 */
export function strangeWords(schema: Json, formats: Iterable<string>, path: Path = []): WordFault[] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema) || path.length > maxDepth)
    return [];
  const faults: WordFault[] = [];
  for (const [key, value] of Object.entries(schema)) {
    const here = [...path, key];
    if (!keywords.has(key)) faults.push({ message: strangeKey(key, path), path: here, of: 'key' });
    else if (inner.one.includes(key)) faults.push(...strangeWords(value, formats, here));
    else if (inner.list.includes(key) && Array.isArray(value))
      value.forEach((one, index) => void faults.push(...strangeWords(one, formats, [...here, index])));
    else if (inner.named.includes(key) && typeof value === 'object' && value !== null)
      for (const [name, one] of Object.entries(value))
        faults.push(...strangeWords(one, formats, [...here, name]));
  }
  return [...faults, ...strangeFormat(schema, [...formats], path), ...strangeNames(schema, path)];
}

function strangeKey(key: string, path: Path): string {
  const near = nearest(key, keywords);
  const hint = near === undefined ? "options are declared below 'properties'" : `did you mean '${near}'?`;
  return `${where(path)} has '${key}', which is no keyword; ${hint}`;
}

function strangeFormat({ format }: JsonObject, formats: string[], path: Path): WordFault[] {
  if (typeof format !== 'string' || formats.includes(format)) return [];
  const near = nearest(format, formats);
  const hint = near === undefined ? `known are ${formats.join(', ')}` : `did you mean '${near}'?`;
  return [
    {
      message: `${where([...path, 'format'])} '${format}' does not exist; ${hint}`,
      path: [...path, 'format'],
      of: 'value',
    },
  ];
}

function strangeNames({ required, properties }: JsonObject, path: Path): WordFault[] {
  if (!Array.isArray(required) || typeof properties !== 'object' || properties === null) return [];
  return required.flatMap((name, index) => {
    if (Object.hasOwn(properties, String(name))) return [];
    const near = nearest(String(name), Object.keys(properties));
    const hint = near === undefined ? 'add it there, or take it away here' : `did you mean '${near}'?`;
    const message = `${where(path)} requires '${String(name)}', which is not among its properties; ${hint}`;
    return [{ message, path: [...path, 'required', index], of: 'value' as const }];
  });
}

function where(path: Path): string {
  return path.length === 0 ? 'the schema' : `'${path.join('.')}'`;
}
