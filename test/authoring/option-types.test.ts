import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject, Manifest } from 'opsbro/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { editorConfig } from '../../authoring/editor-config.ts';
import { optionTypes } from '../../authoring/option-types.ts';
import { root, scratch, typeErrors } from './new-plugin.ts';

let place: ReturnType<typeof scratch>;
let made = 0;

beforeAll(() => {
  place = scratch();
});

afterAll(() => place.dispose());

const manifest = (options: JsonObject): Manifest => ({
  api: 1,
  kind: 'collector',
  name: 'x',
  summary: 'X.',
  options: { type: 'object', additionalProperties: false, ...options },
});

/** What the compiler says of `index.ts`, with the types of these options beside it. */
function compile(options: JsonObject, code: string): string {
  const folder = join(place.path, String(made++));
  mkdirSync(folder);
  writeFileSync(join(folder, 'plugin.d.ts'), optionTypes(manifest(options)));
  writeFileSync(join(folder, 'tsconfig.json'), editorConfig(root));
  writeFileSync(join(folder, 'index.ts'), code);
  return typeErrors(folder);
}

const properties: JsonObject = {
  every: { type: 'string', format: 'duration', default: '10s' },
  size: { type: 'string', format: 'size' },
  password: { type: 'string', format: 'secret' },
  text: { type: 'string', format: 'template' },
  mode: { enum: ['fast', "it's", 3, null], default: 'fast', description: 'How. */ evil(); /*' },
  ports: { type: 'array', items: { type: ['integer', 'string'] }, default: [] },
  limits: {
    type: 'object',
    additionalProperties: false,
    properties: { warning: { type: 'number', default: 80 }, critical: { type: 'number' } },
  },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
  target: {
    anyOf: [
      { type: 'string' },
      { type: 'object', required: ['host'], properties: { host: { type: 'string' } } },
    ],
  },
  'odd-key': { type: 'boolean' },
  anything: {},
};

const uses = `
import { defineCollector } from 'opsbro/sdk';
import type { Options } from './plugin.d.ts';
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;
same<Options['every'], string>(true);
same<Options['size'], string | undefined>(true);
same<Options['password'], string>(true);
same<Options['text'], string | null | undefined>(true);
same<Options['mode'], 'fast' | "it's" | 3 | null>(true);
same<Options['ports'], (number | string)[]>(true);
same<Options['limits']['warning'], number>(true);
same<Options['limits']['critical'], number | undefined>(true);
same<Options['labels'], { [key: string]: string } | undefined>(true);
same<Options['odd-key'], boolean | undefined>(true);
same<Options['anything'], unknown>(true);
export default defineCollector<Options>({ collect: ({ options }) => ({ warning: options.limits.warning }) });
`;

it('types options as the code gets them: defaults, formats, enumerations, nested keys', () => {
  expect(compile({ properties, required: ['password'] }, uses)).toBe('');
});

it('makes a wrong option a compile error', () => {
  const wrong = uses.replace('options.limits.warning', 'options.limits.warnin');
  expect(compile({ properties, required: ['password'] }, wrong)).toMatch(
    /index\.ts\(17,\d+\): error TS2551: Property 'warnin' does not exist .* Did you mean 'warning'\?/,
  );
});

it('types no options as none', () => {
  expect(optionTypes({ api: 1, kind: 'check', name: 'x', summary: 'X.' })).toContain(
    'export type Options = Record<string, never>;',
  );
});

it.each([
  [
    'Collector',
    '{ collect: () => ({ up: () => 1 }) }',
    /not assignable to type 'Json'|not assignable to type/,
  ],
  ['Collector', '{ colect: () => ({ up: 1 }) }', /'colect' does not exist/],
  ['Collector', "{ collect: (ctx) => ctx.readTxt('/x') }", /'readTxt' does not exist/],
  ['Detector', '{ detect: () => [1] }', /'number' is not assignable to type 'string'/],
  ['Check', "{ check: () => ({ state: 'fine', output: '' }) }", /'"fine"' is not assignable/],
  ['Handler', '{ handle(_ctx, event) { event.kee; } }', /'kee' does not exist on type 'HandlerEvent'/],
  ['Exporter', '{ export(_ctx, facts) { facts.nodes; } }', /'nodes' does not exist on type 'ExportedFacts'/],
  ['Functions', '{ functions: { f: (ctx) => ctx.options } }', /'options' does not exist/],
])('makes a wrong field of define%s a compile error: %s', (kind, definition, expected) => {
  const code = `import { define${kind} } from 'opsbro/sdk';\nexport default define${kind}(${definition});\n`;
  expect(compile({}, code)).toMatch(expected);
});

const tests = (call: string): string => `
import { defineCheck, defineCollector, defineHandler } from 'opsbro/sdk';
import { fixtureContext, runVerb, testEvent } from 'opsbro/sdk/testing';
import type { Options } from './plugin.d.ts';
const collector = defineCollector<Options>({ collect: () => ({ up: 1 }) });
const check = defineCheck<Options>({ check: () => ({ state: 'ok', output: 'fine' }) });
const handler = defineHandler<Options>({ handle: () => undefined });
const ctx = fixtureContext({ files: { '/proc/uptime': '1' } });
export const outcome = await ${call};
export { check, collector, ctx, handler, testEvent };
`;

const two: JsonObject = { properties: { dir: { type: 'string', default: '/' }, deep: { type: 'boolean' } } };

it.each([
  'runVerb(collector, ctx)',
  'runVerb(collector, fixtureContext())',
  "runVerb(collector, fixtureContext({ options: { dir: '/tmp' } }))",
  "runVerb(handler, ctx, testEvent('problem'))",
  "runVerb(check, ctx).then((one) => (one.status === 'done' ? one.value.state === 'ok' : one.reason))",
])('lets a test leave out options, for they have defaults: %s', (call) => {
  expect(compile(two, tests(call))).toBe('');
});

it.each([
  [
    "runVerb(collector, fixtureContext({ options: { dri: '/tmp' } }))",
    /'\{ dri: string; \}' has no properties in common/,
  ],
  [
    'runVerb(collector, fixtureContext({ options: { dir: 5 } }))',
    /'number' is not assignable to type 'string/,
  ],
  ["runVerb(handler, fixtureContext({ options: { dir: '/tmp' } }))", /Expected 3 arguments, but got 2/],
  [
    "runVerb(check, ctx).then((one) => (one.status === 'done' ? one.value.stat : 1))",
    /'stat' does not exist/,
  ],
])('makes a wrong call in a test a compile error that says why: %s', (call, expected) => {
  const found = compile(two, tests(call));
  expect(found).toMatch(expected);
  expect(found).not.toContain('overload');
});
