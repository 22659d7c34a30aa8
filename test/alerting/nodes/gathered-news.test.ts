import type { ClusterNode, NodesSnapshot } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { nodeChanges } from '../../../alerting/nodes/changes.ts';
import { GatheredNews } from '../../../alerting/nodes/gathered-news.ts';
import type { NodeOccurrence } from '../../../alerting/nodes/occurrences.ts';
import { HandClock } from '../../core/schedule/test-clock.ts';
import { node, snapshot } from './sample-nodes.ts';

const here = node('here');

function listener(first: NodesSnapshot) {
  const clock = new HandClock();
  const told: NodeOccurrence[] = [];
  const news = new GatheredNews({ clock, tell: (occurrence) => void told.push(occurrence) });
  let before: NodesSnapshot | null = null;
  const hear = (after: NodesSnapshot): void => {
    news.hear(after, nodeChanges(before, after, clock.now()));
    before = after;
  };
  hear(first);
  const later = (ms: number): string[] => {
    told.length = 0;
    clock.advance(ms);
    return told.map(({ summary }) => summary);
  };
  return {
    clock,
    told,
    news,
    later,
    hear,
    nodes: (...nodes: ClusterNode[]) => hear(snapshot(here, ...nodes)),
  };
}

describe('gathered news of nodes', () => {
  it('tell what happens within three seconds as one change of each node', () => {
    const { nodes, later } = listener(snapshot(here, node('web')));
    nodes(node('web', { groups: ['linux', 'redis'] }));
    expect(later(1000)).toEqual([]);
    nodes(node('web', { groups: ['linux', 'mysql', 'redis'], state: 'suspect' }));
    expect(later(1000)).toEqual([]);
    nodes(node('web', { groups: ['linux', 'mysql', 'redis'], state: 'dead' }));
    expect(later(1000)).toEqual(['node web is dead (zone paris)', 'node web is now mysql, redis']);
    expect(later(60_000)).toEqual([]);
  });

  it('tell nothing of what was over before', () => {
    const { nodes, later } = listener(snapshot(here, node('web')));
    nodes(node('web', { state: 'suspect' }));
    nodes(node('web'));
    expect(later(60_000)).toEqual([]);
  });

  it('are one message where many die one after the other', () => {
    const all = Array.from({ length: 8 }, (_, index) => node(`web${index}`));
    const { nodes, later } = listener(snapshot(here, ...all));
    for (let dead = 1; dead <= 8; dead += 1) {
      nodes(...all.map((one, index) => (index < dead ? { ...one, state: 'dead' as const } : one)));
      expect(later(300)).toEqual([]);
    }
    expect(later(3000)).toEqual(['8 nodes are dead: web0, web1, web2, web3, web4 …']);
  });

  it('tell once what a new node turns out to be, though it finds that out bit by bit', () => {
    const { nodes, later } = listener(snapshot(here));
    nodes(node('web', { groups: [] }));
    expect(later(2000)).toEqual([]);
    nodes(node('web'));
    expect(later(1000)).toEqual(['node web is new (zone paris)']);
    nodes(node('web', { groups: ['linux', 'nginx'] }));
    expect(later(10_000)).toEqual([]);
    nodes(node('web', { groups: ['linux', 'nginx', 'redis'] }));
    expect(later(10_000)).toEqual([]);
    expect(later(11_000)).toEqual(['node web is now nginx, redis']);
    nodes(node('web', { groups: ['linux', 'redis'] }));
    expect(later(3000)).toEqual(['node web is no longer nginx']);
  });

  it('tell of the death of a new node without waiting for its groups', () => {
    const { nodes, later } = listener(snapshot(here));
    nodes(node('web'));
    later(3000);
    nodes(node('web', { groups: ['linux', 'nginx'], state: 'dead' }));
    expect(later(3000)).toEqual(['node web is dead (zone paris)']);
    expect(later(30_000)).toEqual(['node web is now nginx']);
  });

  it('come when the first change did, each under a key of its own', () => {
    const { clock, nodes, later, told } = listener(snapshot(here, node('web')));
    const at = clock.now();
    nodes(node('web', { state: 'dead' }));
    later(3000);
    expect(told).toMatchObject([{ type: 'node', key: `node/u-web/dead@${at}`, at }]);
  });

  it('come at once when the agent stops', () => {
    const { clock, nodes, news, told } = listener(snapshot(here));
    nodes(node('web'));
    news.stop();
    expect(told).toHaveLength(1);
    nodes();
    news.stop();
    expect(told).toHaveLength(1);
    clock.advance(100_000);
    expect(clock.wakes).toBe(0);
  });

  it('are gathered as long as ever while groups of a newcomer are waited for', () => {
    const { nodes, later } = listener(snapshot(here, node('web'), node('db')));
    const added = node('new', { groups: ['linux'] });
    nodes(node('web'), node('db'), added);
    expect(later(3000)).toEqual([expect.stringContaining('new')]);
    expect(later(28_500)).toEqual([]);
    nodes(node('web', { state: 'dead' }), node('db'), { ...added, groups: ['linux', 'redis'] });
    expect(later(2000)).toEqual([]);
    nodes(node('web', { state: 'dead' }), node('db', { state: 'dead' }), {
      ...added,
      groups: ['linux', 'redis'],
    });
    expect(later(1000)).toHaveLength(3);
    expect(later(60_000)).toEqual([]);
  });
});

describe('gathered news of zones', () => {
  const seen = (unreachable: boolean, zone = 'paris'): NodesSnapshot => ({
    ...snapshot(here, node('far', { zone: 'lyon' })),
    zone,
    zones: [
      { name: 'lyon', parent: 'paris', unreachable },
      { name: 'paris', parent: null, unreachable: false },
    ],
  });

  it('tell of one that is reached no more, and of its return', () => {
    const { hear, later, told } = listener(seen(false));
    hear(seen(true));
    expect(later(3000)).toEqual(['zone lyon is unreachable: no proxy on the way to it is heard (1 node)']);
    expect(told).toMatchObject([
      {
        type: 'node',
        data: { what: 'unreachable', zone: 'lyon', count: 1, nodes: [{ name: 'far', state: 'alive' }] },
      },
    ]);
    hear(seen(true));
    expect(later(60_000)).toEqual([]);
    hear(seen(false));
    expect(later(3000)).toEqual(['zone lyon is reached again (1 node)']);
  });

  it('tell once of those that are lost together, whose number is bounded', () => {
    const tree = (unreachable: boolean, names: string[]): NodesSnapshot => ({
      ...snapshot(here, ...names.map((zone) => node(`host-${zone}`, { zone }))),
      zones: [
        ...names.map((name) => ({ name, parent: 'paris', unreachable })),
        { name: 'paris', parent: null, unreachable: false },
      ],
    });
    const two = listener(tree(false, ['lyon', 'nice']));
    two.hear(tree(true, ['lyon', 'nice']));
    expect(two.later(3000)).toEqual([
      '2 zones are unreachable, no proxy on the way to them is heard (2 nodes): lyon, nice',
    ]);
    expect(two.told).toMatchObject([{ data: { what: 'unreachable', zones: ['lyon', 'nice'], count: 2 } }]);
    two.hear(tree(false, ['lyon', 'nice']));
    expect(two.later(3000)).toEqual(['2 zones are reached again (2 nodes): lyon, nice']);
    const names = Array.from({ length: 120 }, (_, index) => `z${index}`);
    const many = listener(tree(false, names));
    many.hear(tree(true, names));
    expect(many.later(3000)).toEqual([
      '120 zones are unreachable, no proxy on the way to them is heard (120 nodes): z0, z1, z2, z3, z4 …',
    ]);
    const data = many.told[0]?.data;
    expect(data?.zones).toHaveLength(100);
    expect(data?.nodes).toHaveLength(100);
  });

  it('are silent of one that was never reached, and of one that is away for a moment', () => {
    const { hear, later } = listener(seen(true));
    hear(seen(false));
    expect(later(60_000)).toEqual([]);
    hear(seen(true));
    later(1000);
    hear(seen(false));
    expect(later(60_000)).toEqual([]);
  });

  it('begin anew where this node moves to another zone', () => {
    const { hear, later } = listener(seen(false));
    hear(seen(true, 'lyon'));
    expect(later(60_000)).toEqual([]);
  });
});
