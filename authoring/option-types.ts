import type { Json, JsonObject, Manifest } from 'opsbro/sdk';

const isMapping = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const plainTypes: { [type: string]: string } = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** What a text of the product's own formats looks like, for the comment above it. */
const formats: { [format: string]: string } = {
  duration: "A duration such as '10s'.",
  size: "A size such as '64MiB'.",
  range: "A range of Nagios such as '10:20'.",
  regex: 'A regular expression.',
  expression: 'An expression.',
  secret: 'A secret, resolved.',
  template: 'The text of a template; null when it cannot be read.',
};

/**
 * The TypeScript declaration of a manifest's options as the plugin's code gets them: validated, defaults filled in, durations and sizes as
 * text, secrets resolved. What neither is required nor has a default may be absent.
 */
export function optionTypes(manifest: Manifest): string {
  const { kind, name, options } = manifest;
  const body = options === undefined ? 'Record<string, never>' : objectType(options, '');
  const comment = `/** Options of ${kind}/${name}: validated, defaults filled in. */`;
  const declared = body.startsWith('{')
    ? `export interface Options ${body}`
    : `export type Options = ${body};`;
  return [
    `// Written by 'opsbro plugins types' from the manifest; run it again when the options change.`,
    '',
    comment,
    `${declared}\n`,
  ].join('\n');
}

function typeOf(schema: Json | undefined, indent: string): string {
  if (!isMapping(schema)) return 'unknown';
  if (schema.const !== undefined) return literal(schema.const);
  if (Array.isArray(schema.enum)) return union(schema.enum.map(literal));
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) return union(choices.map((choice) => typeOf(choice, indent)));
  if (Array.isArray(schema.allOf)) return schema.allOf.map((part) => typeOf(part, indent)).join(' & ');
  if (schema.format === 'template') return 'string | null';
  if (schema.format === 'duration' || schema.format === 'size' || schema.format === 'secret') return 'string';
  const types = [schema.type ?? impliedType(schema)].flat().map(String);
  return union(types.map((type) => ofType(type, schema, indent)));
}

function impliedType(schema: JsonObject): string {
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return 'object';
  return schema.items === undefined ? 'any' : 'array';
}

function ofType(type: string, schema: JsonObject, indent: string): string {
  if (type === 'array') {
    const item = typeOf(schema.items, indent);
    return /[|&]/.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
  }
  return type === 'object' ? objectType(schema, indent) : (plainTypes[type] ?? 'unknown');
}

function objectType(schema: JsonObject, indent: string): string {
  const properties = Object.entries(isMapping(schema.properties) ? schema.properties : {});
  const further = schema.additionalProperties;
  const inner = `${indent}  `;
  const required = Array.isArray(schema.required) ? schema.required : [];
  const lines = properties.flatMap(([name, property]) => {
    const isThere = required.includes(name) || isFilled(property);
    return [
      ...comment(property, inner),
      `${inner}${key(name)}${isThere ? '' : '?'}: ${typeOf(property, inner)};`,
    ];
  });
  if (further !== false && (isMapping(further) || properties.length === 0)) {
    // An index covers the named keys too, so that it can say no more than they do.
    const type =
      properties.length === 0 ? typeOf(isMapping(further) ? further : undefined, inner) : 'unknown';
    lines.push(`${inner}[key: string]: ${type};`);
  }
  return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('\n')}\n${indent}}`;
}

/** Whether the agent fills it in: it has a default, or is a mapping one of whose keys has. */
function isFilled(property: Json | undefined): boolean {
  if (!isMapping(property)) return false;
  if (property.default !== undefined) return true;
  return (
    isMapping(property.properties) &&
    Object.values(property.properties).some((inner) => isMapping(inner) && inner.default !== undefined)
  );
}

function comment(property: Json | undefined, indent: string): string[] {
  if (!isMapping(property)) return [];
  const { description, format, default: preset } = property;
  const parts = [
    typeof description === 'string' ? description : '',
    typeof format === 'string' ? (formats[format] ?? '') : '',
    preset === undefined ? '' : `Default ${JSON.stringify(preset)}.`,
  ].filter((part) => part !== '');
  const text = parts.join(' ').replaceAll('*/', '* /').replaceAll(/\s+/g, ' ');
  return text === '' ? [] : [`${indent}/** ${text} */`];
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name);
}

function literal(value: Json): string {
  if (typeof value !== 'string')
    return typeof value === 'object' && value !== null ? 'unknown' : String(value);
  return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function union(types: string[]): string {
  return [...new Set(types)].join(' | ') || 'never';
}
