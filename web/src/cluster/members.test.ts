import { describe, expect, it } from 'vitest';
import { checkRow, type StateCounts } from '../checks/rows.ts';
import { sampleCheck, sampleNode } from '../live/sample-facts.ts';
import { accusersText, byZone, nodeShape, nodeState } from './members.ts';
import { knownChecks } from './node-checks.ts';

it('puts nodes into their zones, the worst first, or those of a group alone', () => {
  const nodes = [
    sampleNode('b'),
    sampleNode('a', { display_name: 'z' }),
    sampleNode('c', { state: 'dead', zone: 'lan' }),
    sampleNode('d', { zone: 'dmz', groups: ['redis'], failing: ['redis'] }),
  ];
  const short = (group: string) =>
    byZone(nodes, group, new Map()).map(({ zone, alive, nodes: found }) => [
      zone,
      alive,
      found.map(({ name }) => name),
    ]);
  expect(short('')).toEqual([
    ['dmz', 1, ['d']],
    ['lan', 2, ['c', 'b', 'a']],
  ]);
  expect(short('redis')).toEqual([['dmz', 1, ['d']]]);
  expect([nodeShape(nodes[3]!), nodeShape(sampleNode('x', { state: 'leave' }))]).toEqual(['ok', 'pending']);
});

describe('the checks of nodes', () => {
  const none = { pending: 0, ok: 0, warning: 0, critical: 0, unknown: 0 };
  const told = (name: string, version: number, counts: object) => ({
    ...{ uuid: `uuid-${name}`, version, at: '2026-01-01T00:00:00Z' },
    counts: { ...none, ...counts },
  });
  const nodes = [
    sampleNode('own'),
    sampleNode('a', { checks_version: 7 }),
    sampleNode('b', { checks_version: 8, failing: ['redis'] }),
    sampleNode('c', { checks_version: 2, state: 'dead' }),
    sampleNode('d', { checks_version: 1 }),
  ];
  const board = {
    node: { uuid: 'uuid-own', name: 'own', zone: 'lan' },
    nodes: new Map(nodes.map((node) => [node.uuid, node])),
  };
  const known = knownChecks(
    board,
    [
      ...[told('own', 1, { ok: 9 }), told('a', 7, { ok: 3, warning: 1 }), told('b', 7, { ok: 2 })],
      ...[told('c', 2, { ok: 4 }), told('gone', 1, { critical: 1 })],
    ],
    [checkRow(sampleCheck('disks', { stale: true }), 'own')],
  );
  const of = (name: string): StateCounts | undefined => known.get(`uuid-${name}`);

  it('are counted as far as they are known, of this one as its board has them', () => {
    expect([of('own')?.stale, of('a')?.warning, of('gone'), of('d')]).toEqual([
      ...[1, 1, undefined, undefined],
    ]);
  });

  it('say what a node that lives is shown as, and order the nodes', () => {
    expect(nodes.map((node) => nodeState(node, known.get(node.uuid)))).toEqual([
      ...['stale', 'warning', 'critical', 'critical', 'ok'],
    ]);
    const [zone] = byZone(nodes, '', known);
    expect(zone?.nodes.map(({ name }) => name)).toEqual(['b', 'c', 'a', 'own', 'd']);
  });
});

it('says in words who accused a node', () => {
  const at = '2026-01-01T00:00:00Z';
  const accusers = [
    { by: 'uuid-1', name: 'db1', evidence: 'no-ack', at },
    { by: 'uuid-2', evidence: 'odd', at },
  ];
  expect(accusersText({ at, node: 'n', name: 'n', state: 'dead', accusers })).toBe(
    'db1: no answer to a probe; uuid-2: odd',
  );
});
