import type { JsonObject, Manifest } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { parseDuration, parseSize } from '../../../configuration/sources/duration.ts';
import {
  fillOptions,
  optionSchemaOf,
  redactSecrets,
  resolveSecrets,
} from '../../../configuration/sources/options.ts';
import { validate } from '../../../configuration/sources/validate.ts';

const schema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['host'],
  properties: {
    host: { type: 'string' },
    wait: { type: 'string', format: 'duration', default: '3s' },
    room: { type: 'string', format: 'size' },
    password: { type: 'string', format: 'secret' },
    nested: { type: 'object', properties: { deep: { type: 'integer', default: 4 } } },
    list: { type: 'array', items: { type: 'object', properties: { token: { format: 'secret' } } } },
  },
};

it('makes one schema a manifest, so that it is compiled once', () => {
  const manifest: Manifest = { api: 1, kind: 'collector', name: 'a', summary: '', options: schema };
  expect(optionSchemaOf(manifest)).toBe(optionSchemaOf(manifest));
  expect(optionSchemaOf(manifest)).toEqual(schema);
  expect(optionSchemaOf({ ...manifest, runs: 'expression' })).toBe(optionSchemaOf(undefined));
});

describe('durations and sizes', () => {
  it.each([
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['250ms', 250],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['7', 7000],
    [7, 7000],
    ['-1s', undefined],
    ['1w', undefined],
    ['', undefined],
    [Number.NaN, undefined],
    [null, undefined],
  ])('reads the duration %j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['64MiB', 67_108_864],
    ['1kB', 1000],
    ['2GB', 2e9],
    ['512B', 512],
    ['12', 12],
    [12, 12],
    ['1 KiB', 1024],
    ['big', undefined],
    [-1, undefined],
  ])('reads the size %j', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });
});

describe('options', () => {
  it('get their defaults, and units for numbers', () => {
    expect(fillOptions(schema, { host: 'a', wait: 5, room: 100 })).toEqual({
      host: 'a',
      wait: '5s',
      room: '100B',
      nested: { deep: 4 },
    });
    expect(fillOptions(undefined, { a: 1 })).toEqual({ a: 1 });
  });

  it('take secrets as text, from a file or from the environment', () => {
    const given = {
      host: 'a',
      password: { file: '/run/p' },
      list: [{ token: { env: 'T' } }, { token: 'x' }],
    };
    expect(validate(schema, given, 'x')).toEqual([]);
    expect(validate(schema, { host: 'a', password: { fil: '/run/p' } }, 'x')).toMatchObject([
      { path: ['password'] },
    ]);
    const source = {
      read: (path: string, option: string) => `${option} from ${path}\n`,
      env: (name: string) => `env ${name}`,
    };
    expect(resolveSecrets(schema, given, source)).toEqual({
      host: 'a',
      password: 'password from /run/p',
      list: [{ token: 'env T' }, { token: 'x' }],
    });
  });

  it('are shown without secrets', () => {
    const given = { host: 'a', password: 'hunter2', list: [{ token: { env: 'T' } }, { token: 'x' }] };
    expect(redactSecrets(schema, given)).toEqual({
      host: 'a',
      password: '********',
      list: [{ token: { env: 'T' } }, { token: '********' }],
    });
  });

  it.each<[string, JsonObject, string]>([
    ['a missing key', {}, "x lacks the key 'host'"],
    [
      'a wrong nested type',
      { host: 'a', nested: { deep: 'x' } },
      `'nested.deep' is the text "x", expected a whole number`,
    ],
    [
      'a bad secret, without it',
      { host: 'a', password: 4321 },
      "'password' is no text, expected a text or a mapping",
    ],
    ['a mapping for a text', { host: {} }, "'host' is a mapping, expected a text"],
    ['nothing for a text', { host: null }, "'host' is empty, expected a text"],
    [
      'a bad duration',
      { host: 'a', wait: 'x' },
      `'wait' is the text "x", expected a duration such as '10s', '5m', '2h', '1d' or a number of seconds`,
    ],
  ])('tell %s', (_what, given, message) => {
    expect(validate(schema, given, 'x').map((finding) => finding.message)).toEqual([message]);
  });
});
