import { expect, it } from 'vitest';
import { sampleNode } from '../live/sample-facts.ts';
import { accusersText, byZone, nodeShape } from './members.ts';

it('puts nodes into their zones, the worst first, or those of a group alone', () => {
  const nodes = [
    sampleNode('b'),
    sampleNode('a', { display_name: 'z' }),
    sampleNode('c', { state: 'dead', zone: 'lan' }),
    sampleNode('d', { zone: 'dmz', groups: ['redis'], failing: ['redis'] }),
  ];
  const short = (group: string) =>
    byZone(nodes, group).map(({ zone, alive, nodes: found }) => [zone, alive, found.map(({ name }) => name)]);
  expect(short('')).toEqual([
    ['dmz', 1, ['d']],
    ['lan', 2, ['c', 'b', 'a']],
  ]);
  expect(short('redis')).toEqual([['dmz', 1, ['d']]]);
  expect([nodeShape(nodes[3]!), nodeShape(sampleNode('x', { state: 'leave' }))]).toEqual(['ok', 'pending']);
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
