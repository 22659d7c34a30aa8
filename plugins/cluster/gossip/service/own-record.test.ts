import type { CheckFact, ExportedFacts } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { failingGroups, hostAddresses, ownRecord } from './own-record.ts';

const check = (changes: Partial<CheckFact>): CheckFact =>
  ({ id: 'redis/check/up', pack: 'redis', state: 'critical', hard: true, ...changes }) as CheckFact;
const facts: ExportedFacts = {
  at: 1,
  node: { name: 'host-1', uuid: 'u1', zone: 'dc1' },
  groups: ['linux', 'redis'],
  samples: {},
  checks: [check({})],
};
const settings = {
  addresses: ['127.0.0.1'],
  port: 6768,
  zone: '',
  displayName: '',
  proxy: false,
  version: '1.0.0',
};

it('tells who this node is, its groups and what fails', () => {
  expect(ownRecord(facts, settings, 7).record).toEqual({
    uuid: 'u1',
    name: 'host-1',
    addresses: ['127.0.0.1'],
    port: 6768,
    zone: 'dc1',
    groups: ['linux', 'redis'],
    proxy: false,
    version: '1.0.0',
    protocol: [1, 1],
    checks_version: 7,
    failing: ['redis'],
  });
  const named = ownRecord(facts, { ...settings, displayName: 'my box', zone: 'dc2' }, 7);
  expect(named.record).toMatchObject({ display_name: 'my box', zone: 'dc2' });
});

it('leaves out groups that are too many or too long', () => {
  const groups = ['x'.repeat(101), ...Array.from({ length: 260 }, (_, index) => `group-${index}`)];
  const { record, leftOut } = ownRecord({ ...facts, groups }, settings, 7);
  expect([record.groups.length, record.groups[0], leftOut]).toEqual([250, 'group-0', 11]);
});

it.each([
  ['a soft critical', { hard: false }, []],
  ['a warning', { state: 'warning' as const }, []],
  ['a check of a group', { if_group: 'linux' }, ['linux']],
  ['a check of a pack that is no group', { pack: 'local' }, []],
])('finds for %s what fails', (_, changes, expected) => {
  expect(failingGroups(facts.groups, [check(changes)])).toEqual(expected);
});

it('puts addresses of private networks first, and leaves out what nobody else reaches', () => {
  const of = (address: string, internal = false) => ({ address, internal }) as never;
  const list = [of('127.0.0.1', true), of('fe80::1'), of('2001:db8::1'), of('10.1.2.3'), of('198.51.100.1')];
  expect(hostAddresses({ eth0: list, eth1: [of('192.168.1.1'), of('169.254.1.1')] })).toEqual([
    '192.168.1.1',
    '10.1.2.3',
    '198.51.100.1',
    '2001:db8::1',
  ]);
});
