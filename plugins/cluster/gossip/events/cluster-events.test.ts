import { describe, expect, it } from 'vitest';
import type { EventMessage } from '../messages.ts';
import { VirtualCluster } from '../simulation/virtual-cluster.ts';
import { type ClusterEvent, ClusterEvents, eventKeptMs, eventLimit } from './cluster-events.ts';

/** Events of one node, the time as a variable. */
function board(): { events: ClusterEvents; told: ClusterEvent[]; time: { nowMs: number } } {
  const time = { nowMs: 1000 };
  const told: ClusterEvent[] = [];
  let ids = 0;
  const events = new ClusterEvents({
    self: 'n0',
    now: () => time.nowMs,
    newId: () => {
      ids += 1;
      return `id${ids}`;
    },
    onEvent: (event) => told.push(event),
  });
  return { events, told, time };
}

const foreign = (changes: Partial<EventMessage> = {}): EventMessage => ({
  kind: 'event',
  id: 'x1',
  name: 'deploy',
  from: 'n1',
  ageMs: 0,
  payload: '{"version":3}',
  ...changes,
});

describe('cluster events', () => {
  it('are kept for 300 s, and told once', () => {
    const { events, told, time } = board();
    events.take(foreign({ ageMs: 100_000 }));
    events.take(foreign());
    expect(told.map(({ id }) => id)).toEqual(['x1']);
    time.nowMs += 199_999;
    expect(events.list('deploy')).toEqual([
      { id: 'x1', name: 'deploy', from: 'n1', payload: '{"version":3}', ageMs: 299_999 },
    ]);
    time.nowMs += 1;
    expect(events.list()).toEqual([]);
    events.take(foreign());
    expect([events.list(), told.length]).toEqual([[], 1]);
  });

  it('pass by when they are over already', () => {
    const { events, told } = board();
    events.take(foreign({ ageMs: eventKeptMs }));
    expect([told, events.refused]).toEqual([[], 0]);
  });

  it.each([
    ['a name that is none', foreign({ name: 'a b' })],
    ['a payload that is no JSON', foreign({ payload: '{' })],
    ['a payload that is too long', foreign({ payload: JSON.stringify('x'.repeat(511)) })],
    ['an id that is too long', foreign({ id: 'x'.repeat(33) })],
    [
      'more than fits a datagram',
      {
        ...foreign({ payload: JSON.stringify('x'.repeat(510)), from: 'y'.repeat(255) }),
        rest: ['z'.repeat(250)],
      },
    ],
  ])('of others are refused for %s', (_, message) => {
    const { events } = board();
    events.take(message);
    expect([events.list(), events.refused, events.isWaiting]).toEqual([[], 1, false]);
  });

  it('are bounded, those of others too', () => {
    const { events, time } = board();
    for (let index = 0; index < eventLimit; index += 1) events.add('deploy', 'null');
    expect(() => events.add('deploy', 'null')).toThrow(/256 events are kept/);
    events.take(foreign());
    expect([events.list().length, events.refused]).toEqual([eventLimit, 1]);
    time.nowMs += eventKeptMs;
    events.take(foreign());
    expect(events.list()).toHaveLength(1);
  });

  it('of this node must have a name and a payload that travel', () => {
    const { events } = board();
    expect(() => events.add('a b', 'null')).toThrow(/no name of an event/);
    expect(() => events.add('a', JSON.stringify('x'.repeat(511)))).toThrow(/513 bytes as JSON/);
  });

  it('reach every node of a pool within 3 s, and whoever joins later', () => {
    const boards = new Map<string, ClusterEvents>();
    const cluster = new VirtualCluster({
      nodes: 6,
      events: (name, now) => {
        const events = new ClusterEvents({ self: name, now, newId: () => `${name}-${now()}` });
        boards.set(name, events);
        return events;
      },
    });
    cluster.time.until(() => cluster.agree('alive'), 60_000);
    boards.get('n3')?.add('deploy', '{"version":3}');
    const heard = (): boolean => [...boards.values()].every((events) => events.list('deploy').length === 1);
    expect(cluster.time.until(heard, 3000)).toBe(true);
    cluster.time.pass(60_000);
    expect(boards.get('n0')?.isWaiting).toBe(false);
    cluster.boot('n9').join(['n0:1']);
    expect(cluster.time.until(heard, 3000)).toBe(true);
    expect(boards.get('n9')?.list()).toMatchObject([{ name: 'deploy', from: 'n3' }]);
  });
});
