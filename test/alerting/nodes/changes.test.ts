import type { ClusterNode } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { nodeChanges } from '../../../alerting/nodes/changes.ts';
import { nodeOccurrences } from '../../../alerting/nodes/occurrences.ts';
import { node, snapshot } from './sample-nodes.ts';

const here = node('here');
const between = (before: ClusterNode[], after: ClusterNode[]) =>
  nodeChanges(snapshot(here, ...before), snapshot(here, ...after), 1000);

describe('changes of nodes', () => {
  it.each<[string, ClusterNode[], ClusterNode[], object[]]>([
    ['a new one', [], [node('web')], [{ what: 'new', state: 'alive', old_state: null }]],
    [
      'one that does not answer',
      [node('web')],
      [node('web', { state: 'suspect' })],
      [{ what: 'suspect', old_state: 'alive' }],
    ],
    [
      'one that is dead',
      [node('web', { state: 'suspect' })],
      [node('web', { state: 'dead' })],
      [{ what: 'dead', old_state: 'suspect' }],
    ],
    [
      'one that left',
      [node('web')],
      [node('web', { state: 'leave' })],
      [{ what: 'leave', old_state: 'alive' }],
    ],
    [
      'one that is back',
      [node('web', { state: 'dead' })],
      [node('web')],
      [{ what: 'alive', old_state: 'dead' }],
    ],
    ['one that is forgotten', [node('web', { state: 'dead' })], [], [{ what: 'deleted', old_state: 'dead' }]],
    [
      'groups',
      [node('web')],
      [node('web', { groups: ['redis', 'apache'] })],
      [{ what: 'groups', added: ['apache', 'redis'], removed: ['linux'] }],
    ],
    [
      'checks',
      [node('web', { failing: ['redis'] })],
      [node('web', { failing: ['mysql'], checks_version: 2 })],
      [{ what: 'checks', added: ['mysql'], removed: ['redis'] }],
    ],
    [
      'a check that moves no failing group',
      [node('web')],
      [node('web', { checks_version: 2 })],
      [{ what: 'checks', added: [], removed: [] }],
    ],
    [
      'several things at once',
      [node('web')],
      [node('web', { state: 'dead', groups: [] })],
      [{ what: 'dead' }, { what: 'groups', removed: ['linux'] }],
    ],
    ['nothing', [node('web')], [node('web', { since: 5, incarnation: 2 })], []],
  ])('tell of %s', (_what, before, after, expected) => {
    const found = between(before, after);
    expect(found).toMatchObject(expected.map((one) => ({ ...one, name: 'web', self: false, at: 1000 })));
    expect(found).toHaveLength(expected.length);
  });

  it('begin with the second snapshot', () => {
    expect(nodeChanges(null, snapshot(here, node('web')), 1)).toEqual([]);
  });
});

describe('what handlers hear of nodes', () => {
  const summaries = (before: ClusterNode[], after: ClusterNode[]) =>
    nodeOccurrences(between(before, after)).map(({ summary }) => summary);

  it.each<[ClusterNode[], ClusterNode[], string[]]>([
    [[], [node('web')], ['node web is new (zone paris)']],
    [[node('web')], [node('web', { state: 'suspect' })], ['node web does not answer (zone paris)']],
    [
      [node('web')],
      [node('web', { state: 'dead', display_name: 'Web\n1', zone: '' })],
      ['node Web 1 is dead'],
    ],
    [[node('web')], [node('web', { groups: ['redis'] })], ['node web is now redis and is no longer linux']],
    [[node('web', { failing: ['a'] })], [node('web')], ['node web fails no more in a']],
    [[node('web')], [node('web', { checks_version: 9 })], []],
  ])('is one line: %#', (before, after, expected) => {
    expect(summaries(before, after)).toEqual(expected);
  });

  it('is nothing of this node itself', () => {
    const changes = nodeChanges(snapshot(here), snapshot(node('here', { groups: [], failing: ['x'] })), 1);
    expect(changes.map(({ what, self }) => [what, self])).toEqual([
      ['groups', true],
      ['checks', true],
    ]);
    expect(nodeOccurrences(changes)).toEqual([]);
  });

  it('is one message when many change alike', () => {
    const all = Array.from({ length: 300 }, (_, index) => node(`web${String(index).padStart(3, '0')}`));
    const [told, ...others] = nodeOccurrences(
      between(
        all,
        all.map((one) => ({ ...one, state: 'suspect' as const })),
      ),
    );
    expect(others).toEqual([]);
    expect(told).toMatchObject({
      type: 'node',
      key: 'node/300/suspect@1000',
      summary: '300 nodes do not answer: web000, web001, web002, web003, web004 …',
      data: { what: 'suspect', count: 300 },
    });
    expect(told?.data.nodes).toHaveLength(100);
  });
});
