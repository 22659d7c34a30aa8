import { readFileSync } from 'node:fs';
import type { Manifest, PythonRuntime, PyValue } from 'opsbro/sdk';
import { complianceSuite } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import * as guest from './guest.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

/** The facts of a node; the real runtime is tested with these functions in test/scenarios. */
const node = {
  text: (value: PyValue) => String(value),
  facts: {
    groups: ['debian', 'linux', 'web'],
    staticGroups: ['web'],
    now: 0,
    node: { name: 'n1', uuid: 'u1', zone: 'internet' },
  },
} as unknown as PythonRuntime;

for (const test of complianceSuite('functions', folder, guest, manifest)) it(test.name, test.run);

it('implements exactly the functions of its manifest and keeps the old name', () => {
  expect(Object.keys(guest.functions)).toEqual(Object.keys(manifest.functions ?? {}));
  expect(manifest.functions?.is_in_group?.aliases).toContain('have_group');
});

it.each<[string, string[], PyValue]>([
  ['is_in_group', ['linux'], true],
  ['is_in_group', ['windows'], false],
  ['is_in_group', ['lin'], false],
  ['is_in_static_group', ['linux'], false],
  ['is_in_static_group', ['web'], true],
  ['gossip_get_zone', [''], 'internet'],
  ['gossip_get_zone', ['u1'], 'internet'],
  ['gossip_get_zone', ['u2'], ''],
  ['gossip_count_nodes', ['', ''], 1],
  ['gossip_count_nodes', ['linux', ''], 1],
  ['gossip_count_nodes', ['windows', ''], 0],
  ['gossip_count_nodes', ['', 'alive'], 1],
  ['gossip_count_nodes', ['', 'dead'], 0],
  ['gossip_have_event_type', ['shutdown'], false],
  ['compliance_get_state_of_rule', ['ssh'], 'UNKNOWN'],
])('answers %s%j with %j', (name, args, expected) => {
  expect(guest.functions[name]?.(node, ...args)).toBe(expected);
});
