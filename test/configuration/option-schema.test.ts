import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PluginEntry } from '../../configuration/model.ts';
import { schemaFaults } from '../../configuration/sources/validate.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const manifest = 'api: 1\nkind: collector\nname: weather\nsummary: weather\n';
const schema = 'options:\n  properties:\n    place: { type: txt }\n';
const code = 'export default { collect: () => ({ up: 1 }) };\n';
let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});

afterEach(() => made.dispose());

function entry(id: string): PluginEntry | undefined {
  return made.configuration.read(made.directories).plugins.entries.get(id);
}

it('is refused in a plugin that waits where it is none, with its place, whatever the plugin is made of', () => {
  made.write('a/weather/plugin.yml', `${manifest}${schema}`);
  made.write('a/weather/index.js', code);
  made.write('b/rain.js', `/*---\n${manifest.replace('weather', 'rain')}${schema}---*/\n${code}`);
  expect(lines(made.load().diagnostics)).toEqual([
    expect.stringMatching(
      /^plugin\.yml:7:\d+ error 'options' is no JSON Schema: 'properties\.place\.type' is the text "txt", expected one of /,
    ),
    expect.stringMatching(/^rain\.js:8:\d+ error 'options' is no JSON Schema/),
  ]);
  expect(entry('collector/weather')).toBeUndefined();
  expect(entry('collector/rain')).toBeUndefined();
});

it('does not stop what was approved before it turned bad', async () => {
  made.write('a/weather/plugin.yml', manifest);
  made.write('a/weather/index.js', code);
  const lock = join(made.root, 'plugins.lock');
  const proposal = await proposeApproval(made.path('a/weather'), lock);
  await recordApproval(proposal, lock, { by: 'tester', at: '2026-01-01T00:00:00.000Z' });
  made.write('a/weather/plugin.yml', `${manifest}${schema}`);
  expect(lines(made.load().diagnostics)).toEqual([
    expect.stringMatching(/^plugin\.yml:7:\d+ error 'options' is no JSON Schema/),
  ]);
  expect(entry('collector/weather')).toMatchObject({
    approval: 'approved',
    waits: 'its manifest has errors',
  });
});

it.each<[object, string | undefined]>([
  [{ type: 'object', properties: { a: { type: 'string', format: 'duration', inherits: 'x' } } }, undefined],
  [{ properties: { a: { $ref: '#/$defs/one' } }, $defs: { one: { type: 'string' } } }, undefined],
  [{ properties: { a: 7 } }, "'properties.a' is the number 7, expected a mapping or true or false"],
  [{ required: 'a' }, '\'required\' is the text "a", expected a list'],
  [{ properties: { a: { minimum: '1' } } }, '\'properties.a.minimum\' is the text "1", expected a number'],
  [{ properties: { a: { $ref: '#/none' } } }, "is none: can't resolve reference #/none from id #"],
  [
    { properties: { a: { typ: 'integer' } } },
    "'properties.a' has 'typ', which is no keyword; did you mean 'type'?",
  ],
  [{ a: 'integer' }, "the schema has 'a', which is no keyword; options are declared below 'properties'"],
  [
    { properties: { a: { type: 'string', format: 'durration' } } },
    "'properties.a.format' 'durration' does not exist; did you mean 'duration'?",
  ],
  [
    { required: ['prt'], properties: { port: { type: 'integer' } } },
    "the schema requires 'prt', which is not among its properties; did you mean 'port'?",
  ],
  [
    { properties: { a: { type: 'integer', default: 'x' } } },
    '\'properties.a.default\' does not fit: its default is the text "x", expected a whole number',
  ],
  [{ properties: { a: { type: 'string', format: 'duration', default: '10s' } } }, undefined],
  [{ enum: ['x'.repeat(300_000)] }, 'is over 262144 bytes'],
])('of %j has the fault %s', (options, fault) => {
  expect(schemaFaults(options as never)[0]?.message).toBe(fault);
});
