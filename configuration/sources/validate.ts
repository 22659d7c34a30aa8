import { isIP, isIPv4, isIPv6 } from 'node:net';
import { Ajv2020, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Json, type JsonObject, parseRange, thresholdUnits } from 'opsbro/sdk';
import { nextCron } from '../../alerting/calendar/cron.ts';
import { knownZone } from '../../alerting/calendar/weekly.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { nearest } from '../../language/nearest.ts';
import { strangeWords } from '../policy/schema-words.ts';
import { choices, namesOf } from './choices.ts';
import { parseDuration, parseSize } from './duration.ts';
import type { Path } from './yaml.ts';

/** One way a value does not fit its schema. `of` tells whether the key or the value at `path` is to blame. */
export interface SchemaFinding {
  code: ErrorCode;
  message: string;
  path: Path;
  of: 'key' | 'value';
}

const ajv = new Ajv2020({
  allErrors: true,
  strict: false,
  verbose: true,
  validateSchema: false,
  code: { optimize: false },
  meta: false,
  logger: false,
});
ajv.addFormat('duration', { type: 'string', validate: (text: string) => parseDuration(text) !== undefined });
ajv.addFormat('interval', { type: 'string', validate: (text: string) => (parseDuration(text) ?? 0) >= 1000 });
ajv.addFormat('size', { type: 'string', validate: (text: string) => parseSize(text) !== undefined });
ajv.addFormat('range', {
  type: 'string',
  validate: (text: string) => parseRange(text, thresholdUnits) !== null,
});
/** Formats that say themselves what is wrong with a text. */
const faults: { [format: string]: (text: string) => string | undefined } = {
  regex: (text) => faultOf(() => new RegExp(text)),
  cron: (text) =>
    faultOf(() => {
      if (nextCron(text, 'UTC', Date.UTC(2024, 0, 1)) === null)
        throw new Error(`the cron expression '${text}' never comes`);
    }),
  timezone: (text) => faultOf(() => knownZone(text)),
};
for (const [format, fault] of Object.entries(faults))
  ajv.addFormat(format, { type: 'string', validate: (text: string) => fault(text) === undefined });
ajv.addFormat('address', { type: 'string', validate: (text: string) => isIP(text) !== 0 });
ajv.addFormat('network', { type: 'string', validate: isNetwork });
ajv.addFormat('endpoint', { type: 'string', validate: isEndpoint });
for (const format of ['expression', 'secret', 'template', 'uri', 'hostname', 'ipv4', 'ipv6'])
  ajv.addFormat(format, true);

const compiled = new WeakMap<object, ValidateFunction>();
const secret: JsonObject = {
  secret: true,
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['file'],
      properties: { file: { type: 'string' } },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['env'],
      properties: { env: { type: 'string' } },
    },
  ],
};

/** The schema with the product's formats opened up: durations and sizes may be numbers, secrets `{file}` or `{env}`. Also what editors get. */
export function openFormats(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(openFormats);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]): [string, Json] => [key, openFormats(value)]);
  const copy: JsonObject = Object.fromEntries(entries);
  if (copy.format === 'duration' || copy.format === 'size') copy.type = ['string', 'number'];
  if (copy.format !== 'secret') return copy;
  const { type: _, format: __, ...rest } = copy;
  return { ...rest, ...secret };
}

/**
 * Checks a value against a JSON Schema 2020-12 with the formats duration, size, range, regex, cron, timezone, address, network, expression, secret and template. A schema object is compiled
 * once; throws when it is not a schema. `subject` names what has the keys, e.g. `collector/redis`.
 */
export function validate(schema: JsonObject, value: Json, subject: string): SchemaFinding[] {
  let check = compiled.get(schema);
  if (check === undefined) {
    check = ajv.compile(openFormats(schema) as AnySchemaObject);
    compiled.set(schema, check);
  }
  if (check(value)) return [];
  const errors = (check.errors ?? []).filter(({ keyword }) => keyword !== 'if');
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  return errors
    .filter(
      (error) =>
        !choices.some((choice) => choice !== error && error.schemaPath.startsWith(`${choice.schemaPath}/`)),
    )
    .slice(0, 20)
    .map((error) => describe(error, subject));
}

const maxSchemaBytes = 256 * 1024;
const mostFaults = 5;
let judge: Ajv2020 | undefined;

/**
 * What is wrong with a JSON Schema itself, each with its place in it. For what strangers write: a schema that is none may fit everything. Takes
 * 60 ms the first time.
 */
export function schemaFaults(schema: JsonObject): Omit<SchemaFinding, 'code'>[] {
  const whole = (message: string): Omit<SchemaFinding, 'code'>[] => [{ message, path: [], of: 'value' }];
  if (JSON.stringify(schema).length > maxSchemaBytes) return whole(`is over ${maxSchemaBytes} bytes`);
  judge ??= new Ajv2020({
    allErrors: true,
    strict: false,
    verbose: true,
    logger: false,
    validateFormats: false,
  });
  if (judge.validateSchema(schema) !== true) {
    const first = new Map<string, ErrorObject>();
    for (const error of judge.errors ?? []) {
      const known = first.get(error.instancePath);
      if (known === undefined || rankOf(error) < rankOf(known)) first.set(error.instancePath, error);
    }
    return [...first.values()].slice(0, mostFaults).map((error) => describe(error, 'the schema'));
  }
  const strange = strangeWords(schema, Object.keys(ajv.formats));
  if (strange.length > 0) return strange.slice(0, mostFaults);
  try {
    ajv.compile(openFormats(schema) as AnySchemaObject);
    return defaultFaults(schema);
  } catch (error) {
    return whole(`is none: ${(error as Error).message}`);
  }
}

/** Defaults that their own schema does not take: a plugin would get what it declares it never gets. */
function defaultFaults(schema: JsonObject): Omit<SchemaFinding, 'code'>[] {
  return Object.entries(Object(schema.properties) as JsonObject).flatMap(([name, property]) => {
    const { default: value } = Object(property) as JsonObject;
    // A reference means a place of the whole schema.
    if (value === undefined || JSON.stringify(property).includes('"$ref"')) return [];
    const path = ['properties', name, 'default'];
    return validate(property as JsonObject, value, 'its default')
      .slice(0, 1)
      .map(({ message }) => ({
        message: `'${path.join('.')}' does not fit: ${message}`,
        path,
        of: 'value' as const,
      }));
  });
}

/** Of several errors in one place the one that says most comes first. */
function rankOf({ keyword }: ErrorObject): number {
  const telling = ['enum', 'type'].indexOf(keyword);
  return telling === -1 ? 2 : telling;
}

function describe(error: ErrorObject, subject: string): SchemaFinding {
  const path: (string | number)[] = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'));
  const where = path.length === 0 ? subject : `'${path.join('.')}'`;
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties') {
    const name = String(error.params.additionalProperty ?? error.params.unevaluatedProperty);
    const owner = path.length === 0 ? subject : `${where} of ${subject}`;
    const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
    return {
      code: 'OPSBRO_CONFIG_UNKNOWN_KEY',
      message: unknownKey(name, owner, known),
      path: [...path, name],
      of: 'key',
    };
  }
  if (error.keyword === 'required') {
    const message = `${where} lacks the key '${error.params.missingProperty}'`;
    return { code: 'OPSBRO_CONFIG_MISSING_KEY', message, path, of: 'key' };
  }
  const keys = error.keyword === 'anyOf' ? choices(error.parentSchema as JsonObject) : [];
  if (keys.length > 0) {
    const message = `${where} lacks the key ${namesOf(keys, 'or')}`;
    return { code: 'OPSBRO_CONFIG_MISSING_KEY', message, path, of: 'key' };
  }
  const isSecret = error.parentSchema?.secret === true;
  const what = !isSecret
    ? found(error.data)
    : typeof error.data === 'string'
      ? 'a secret that does not fit'
      : 'no text';
  const message = `${where} is ${what}, expected ${expected(error)}`;
  return { code: 'OPSBRO_CONFIG_TYPE', message, path, of: 'value' };
}

/** What something throws; undefined when nothing is wrong. */
function faultOf(make: () => unknown): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** An address, or one with the bits of its network behind it. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const most = { 4: 32, 6: 128 }[isIP(address)];
  if (most === undefined || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

/** `host`, `host:port`, an address or `[IPv6]:port`. What has digits and dots alone is meant as an address. */
function isEndpoint(text: string): boolean {
  const trimmed = text.trim();
  const [, address, name = '', port = '1'] =
    /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(trimmed) ?? [];
  if (address === undefined && name === '') return isIPv6(trimmed);
  if (Number(port) < 1 || Number(port) > 65_535) return false;
  if (address !== undefined) return isIPv6(address);
  return /^[\d.]+$/.test(name) ? isIPv4(name) : /^\w[\w.-]{0,252}$/.test(name);
}

/** Says that `owner` has no key `name`, and which one was probably meant. */
export function unknownKey(name: string, owner: string, known: Iterable<string>): string {
  const names = [...known];
  const near = nearest(name, names);
  const hint =
    near !== undefined ? `did you mean '${near}'?` : `known keys: ${names.slice(0, 25).join(', ')}`;
  return `the key '${name}' does not exist in ${owner}; ${hint}`;
}

/**
 * The character that the shortest beginning of a text which does not fit its pattern ends with. Of a secret nothing is told, nor where the
 * pattern looks ahead: there no character is the one.
 */
function offender({ data, params, parentSchema }: ErrorObject): string {
  if (parentSchema?.secret === true || String(params.pattern).includes('(?')) return '';
  const pattern = new RegExp(String(params.pattern), 'u');
  const characters = [...String(data).slice(0, 100)];
  const at = characters.findIndex((_, index) => !pattern.test(characters.slice(0, index + 1).join('')));
  return at < 0 ? '' : `; found ${JSON.stringify(characters[at])} at character ${at + 1}`;
}

/** What a value is, for messages: `the text "many"`, `a list`, `empty`. */
export function found(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value) ?? '';
  return `the ${typeof value === 'string' ? 'text' : typeof value} ${text.length > 60 ? `${text.slice(0, 57)}…` : text}`;
}

const typeNames: { [type: string]: string } = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'nothing',
};

/** What kind of value a value is, for messages: `a number`, `true or false`. */
export function typeName(value: Json): string {
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return typeNames[type] ?? type;
}

/** What the patterns that most plugins have ask for. Others say it by `patternErrorMessage`. */
const patternWords: { [pattern: string]: string } = {
  '^/': 'an absolute path',
  '^https?://': "an address such as 'https://www.example.org/'",
};

function expected(error: ErrorObject): string {
  const { keyword, params, parentSchema } = error;
  if (keyword === 'pattern') {
    const words = parentSchema?.patternErrorMessage ?? patternWords[String(params.pattern)];
    return `${words ?? `a text like ${params.pattern}`}${offender(error)}`;
  }
  const format = parentSchema?.format;
  if (format === 'duration') return "a duration such as '10s', '5m', '2h', '1d' or a number of seconds";
  if (format === 'interval') return "a duration of at least one second, such as '10s', '5m', '2h' or '1d'";
  if (format === 'size') return "a size such as '64MiB' or a number of bytes";
  if (format === 'range')
    return "a range such as '10', '10:', '~:10', '10:20' or '@10:20', whose numbers may have a unit such as '500ms' or '10MiB'";
  if (format === 'regex') return `a regular expression; ${faults.regex?.(String(error.data))}`;
  if (format === 'cron') return `a cron expression; ${faults.cron?.(String(error.data))}`;
  if (format === 'timezone') return `a time zone; ${faults.timezone?.(String(error.data))}`;
  if (format === 'address') return "an address such as '127.0.0.1', '0.0.0.0' or '::1'";
  if (format === 'endpoint') return "a host such as 'web-1' or '192.0.2.7', or with its port, 'web-1:6768'";
  if (format === 'network') return "an address such as '192.0.2.7' or a network such as '192.0.2.0/24'";
  if (keyword === 'type')
    return [params.type]
      .flat()
      .map((type) => typeNames[type] ?? type)
      .join(' or ');
  if (keyword === 'enum') return `one of ${(params.allowedValues as unknown[]).join(', ')}`;
  if (keyword === 'const') return JSON.stringify(params.allowedValue);
  if (keyword === 'anyOf' || keyword === 'oneOf') {
    const types = ((parentSchema?.[keyword] ?? []) as { type?: string }[]).map(
      ({ type }) => typeNames[type ?? ''] ?? type,
    );
    return [...new Set(types)].filter(Boolean).join(' or ') || 'one of the documented forms';
  }
  const bound = bounds[keyword];
  return bound === undefined ? `a value that ${error.message ?? 'fits'}` : `${bound} ${params.limit}`;
}

const bounds: { [keyword: string]: string } = {
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'more than',
  exclusiveMaximum: 'less than',
};
