import type { Json, JsonObject, Manifest } from 'opsbro/sdk';
import type { KindSchema } from './kinds.ts';
import type { Path } from './yaml.ts';

/** What `show`, logs and answers print in place of a secret. */
export const redacted = '********';

const isMapping = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const noOptions: KindSchema = { type: 'object', additionalProperties: false, properties: {} };
const optionSchemas = new WeakMap<Manifest, KindSchema>();

/** The schema of a plugin's options; the same object for the same manifest, since each one is compiled. */
export function optionSchemaOf(manifest: Manifest | undefined): KindSchema {
  if (manifest?.options === undefined || manifest.runs === 'expression') return noOptions;
  const schema = optionSchemas.get(manifest) ?? { ...noOptions, ...manifest.options };
  optionSchemas.set(manifest, schema);
  return schema;
}

/** Calls `visit` with every value that `schema` gives a `format`; what it returns takes the value's place. Copies, never changes `value`. */
export function mapFormats(
  schema: Json | undefined,
  value: Json,
  visit: (format: string, value: Json, path: Path) => Json,
  path: Path = [],
): Json {
  if (!isMapping(schema)) return value;
  if (typeof schema.format === 'string') return visit(schema.format, value, path);
  if (Array.isArray(value))
    return value.map((item, index) => mapFormats(schema.items, item, visit, [...path, index]));
  if (!isMapping(value)) return value;
  const properties = isMapping(schema.properties) ? schema.properties : {};
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const inner = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties;
      return [key, mapFormats(inner, item, visit, [...path, key])];
    }),
  );
}

/** The options with the schema's defaults filled in, and durations and sizes given as numbers turned into text with a unit. */
export function fillOptions(schema: Json | undefined, given: JsonObject): JsonObject {
  const filled = fillDefaults(schema, given) as JsonObject;
  return mapFormats(schema, filled, (format, value) => {
    if (typeof value !== 'number') return value;
    return format === 'duration' ? `${value}s` : format === 'size' ? `${value}B` : value;
  }) as JsonObject;
}

/** What options take over from agent.yml where the schema has them: `ca_file`, and what a property's `inherits` names. */
export function inheritedOptions(schema: JsonObject, agent: JsonObject): JsonObject {
  const properties = isMapping(schema.properties) ? Object.entries(schema.properties) : [];
  const inherited = properties.flatMap(([name, property]): [string, Json][] => {
    const from = name === 'ca_file' ? name : isMapping(property) ? property.inherits : undefined;
    const value = typeof from === 'string' && Object.hasOwn(agent, from) ? agent[from] : undefined;
    return value === undefined || value === null || value === '' ? [] : [[name, value]];
  });
  return Object.fromEntries(inherited);
}

function fillDefaults(schema: Json | undefined, value: Json): Json {
  if (!isMapping(schema)) return value;
  if (Array.isArray(value)) return value.map((item) => fillDefaults(schema.items, item));
  if (!isMapping(value) || !isMapping(schema.properties)) return value;
  const result: JsonObject = { ...value };
  for (const [key, inner] of Object.entries(schema.properties)) {
    if (!isMapping(inner)) continue;
    if (Object.hasOwn(result, key)) result[key] = fillDefaults(inner, result[key] as Json);
    else if (inner.default !== undefined) result[key] = structuredClone(inner.default);
    else if (
      isMapping(inner.properties) &&
      Object.values(inner.properties).some((p) => isMapping(p) && 'default' in p)
    )
      result[key] = fillDefaults(inner, {});
  }
  return result;
}

/**
 * The options with every `secret` turned into its text: `{file: PATH}` (its content without the last line end), `{env: NAME}`, or the
 * text itself. Called right before a run, so that a plan, a log or an answer never holds one. `read` is told for which option, as in
 * `list.0.token`; throws what it throws. A `template` in a file is read too, so that it takes effect when it is saved; one that cannot be
 * read is null.
 */
export function resolveSecrets(
  schema: Json | undefined,
  options: JsonObject,
  source: { read(path: string, option: string): string; env(name: string): string | undefined },
): JsonObject {
  return mapFormats(schema, options, (format, value, path) => {
    const option = path.join('.');
    if (format === 'template' && isMapping(value))
      return readTemplate(() => source.read(String(value.file), option));
    if (format !== 'secret' || !isMapping(value)) return value;
    if (typeof value.file === 'string') return source.read(value.file, option).replace(/\r?\n$/, '');
    return typeof value.env === 'string' ? (source.env(value.env) ?? '') : value;
  }) as JsonObject;
}

function readTemplate(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The options as they may be shown: secrets given as text are replaced, `{file}` and `{env}` stay. */
export function redactSecrets(schema: Json | undefined, options: Json): Json {
  return mapFormats(schema, options, (format, value) =>
    format === 'secret' && !isMapping(value) && value !== null && value !== '' ? redacted : value,
  );
}

/** The schema of a plugin's options when it has secrets or templates to open, else undefined. */
export function secretSchema(schema: JsonObject | undefined): JsonObject | undefined {
  return schema !== undefined && /"format":"(secret|template)"/.test(JSON.stringify(schema))
    ? schema
    : undefined;
}
