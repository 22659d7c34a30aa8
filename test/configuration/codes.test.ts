import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ErrorCode } from '../../core/errors.ts';
import { createWorkbench, type Workbench } from './workbench.ts';

let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});

afterEach(() => made.dispose());

const good = 'check: {critical_if: "1 > 2"}\n';

it.each<[ErrorCode, string, string]>([
  ['OPSBRO_CONFIG_SYNTAX', 'a/x.yml', 'check: [\n'],
  ['OPSBRO_CONFIG_UNKNOWN_KEY', 'a/x.yml', 'check: {critical_iff: "1"}\n'],
  ['OPSBRO_CONFIG_TYPE', 'a/x.yml', 'check: {critical_if: "1", attempts: x}\n'],
  ['OPSBRO_CONFIG_MISSING_KEY', 'a/x.yml', 'check: {interval: 10s}\n'],
  ['OPSBRO_CONFIG_DUPLICATE_ID', 'a/monitoring/x.yml', `${good}---\n${good}`],
  ['OPSBRO_CONFIG_DUPLICATE_KEY', 'a/x.yml', `${good}check: {critical_if: "2"}\n`],
  ['OPSBRO_CONFIG_UNKNOWN_PLUGIN', 'a/x.yml', 'collector: {use: nothing}\n'],
  ['OPSBRO_CONFIG_UNKNOWN_PARAMETER', 'a/x.yml', 'check: {critical_if: "{{parameters.x}}"}\n'],
  ['OPSBRO_CONFIG_UNKNOWN_COLLECTOR', 'a/x.yml', 'check: {critical_if: "{{collector.x.y}}"}\n'],
  ['OPSBRO_CONFIG_UNKNOWN_MACRO', 'a/x.yml', 'check: {script: "/bin/x $y$"}\n'],
  ['OPSBRO_CONFIG_UNKNOWN_HANDLER', 'a/x.yml', 'check: {critical_if: "1", handlers: [x]}\n'],
  ['OPSBRO_CONFIG_DEPENDENCY', 'a/x.yml', 'check: {critical_if: "1", depends_on: [y]}\n'],
  ['OPSBRO_CONFIG_UNREADABLE', 'a/x.yml/file', ''],
  ['OPSBRO_CONFIG_TOO_LARGE', 'a/x.yml', `check: {notes: "${'x'.repeat(1024 * 1024)}"}\n`],
  ['OPSBRO_PLUGIN_MANIFEST', 'a/w/plugin.yml', 'api: 1\n'],
  ['OPSBRO_PLUGIN_PENDING', 'a/w.js', '/*---\napi: 1\nkind: handler\nname: w\nsummary: s\n---*/\n'],
  ['OPSBRO_HOST_TEMPLATE', 'a/x.yml', 'handler: {type: log, text: "{{ a b }}"}\n'],
  ['OPSBRO_EXPRESSION_UNKNOWN_FUNCTION', 'a/x.yml', 'check: {critical_if: "nothing()"}\n'],
])('%s is what %s gets', (code, path, text) => {
  made.write('a/uses.yml', 'handler: {use: w}\n');
  made.write(path, text);
  expect(made.load().diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
});
