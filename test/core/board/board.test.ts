import { setImmediate as turn } from 'node:timers/promises';
import type { Json } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { Board } from '../../../core/board/board.ts';
import { Bus, type Topics } from '../../../core/board/bus.ts';
import { History } from '../../../core/board/history.ts';
import { verdictChange } from './verdict-change.ts';

describe('board', () => {
  it('adds and takes away groups as detectors find them, and says so once', async () => {
    const bus = new Bus();
    const heard: Topics['groups'][] = [];
    bus.subscribe('groups', (event) => heard.push(event));
    const board = new Board(bus);
    board.setStaticGroups(['web'], 1);
    board.setDetected('d1', ['linux', 'redis'], 2);
    board.setDetected('d1', ['linux', 'redis'], 3);
    board.setDetected('d1', ['linux'], 4);
    await turn();
    expect(heard.map(({ added, removed }) => [added, removed])).toEqual([
      [['web'], []],
      [['linux', 'redis'], []],
      [[], ['redis']],
    ]);
    expect(board.groups).toEqual(['linux', 'web']);
  });

  it('keeps a group that configuration gives when its detector loses it', () => {
    const board = new Board(new Bus());
    board.setStaticGroups(['redis'], 1);
    board.setDetected('d1', ['redis'], 2);
    board.setDetected('d1', [], 3);
    expect(board.groups).toEqual(['redis']);
    expect(board.groupEntries().get('redis')).toMatchObject({ source: 'static', since: 1 });
  });

  it('keeps a group while any detector finds it', () => {
    const board = new Board(new Bus());
    board.setDetected('d1', ['db'], 1);
    board.setDetected('d2', ['db'], 2);
    board.setDetected('d1', [], 3);
    expect(board.groupEntries().get('db')).toEqual({ source: 'detected', since: 1, detectors: ['d2'] });
  });
});

describe('bus', () => {
  it('never runs a listener while publishing, and keeps order', async () => {
    const bus = new Bus();
    const heard: number[] = [];
    bus.subscribe('agent', ({ at }) => heard.push(at));
    for (let at = 0; at < 5; at += 1) bus.publish('agent', { what: 'x', detail: {}, at });
    expect(heard).toEqual([]);
    await turn();
    expect(heard).toEqual([0, 1, 2, 3, 4]);
  });

  it('drops the oldest and counts when a queue overflows', async () => {
    const bus = new Bus();
    const heard: number[] = [];
    const unsubscribe = bus.subscribe('agent', ({ at }) => heard.push(at));
    for (let at = 0; at < 10_003; at += 1) bus.publish('agent', { what: 'x', detail: {}, at });
    expect(bus.dropped()).toBe(3);
    await turn();
    expect(heard[0]).toBe(3);
    unsubscribe();
    bus.publish('agent', { what: 'x', detail: {}, at: -1 });
    await turn();
    expect(heard).not.toContain(-1);
  });

  it('hands very many events over in parts, in order, and lets the loop turn in between', async () => {
    const bus = new Bus();
    const heard: number[] = [];
    bus.subscribe('agent', ({ at }) => heard.push(at));
    for (let at = 0; at < 500; at += 1) bus.publish('agent', { what: 'x', detail: {}, at });
    await turn();
    expect(heard.length).toBeLessThan(500);
    bus.publish('agent', { what: 'x', detail: {}, at: 500 });
    for (let count = 0; count < 5; count += 1) await turn();
    expect(heard).toEqual(Array.from({ length: 501 }, (_, at) => at));
  });
});

describe('history', () => {
  it('keeps the last 1,000 entries of a kind over restarts', async () => {
    const kept = new Map<string, Json>();
    const store = {
      putLazy(batch: { put?: [string, Json][]; del?: string[] }) {
        for (const [key, value] of batch.put ?? []) kept.set(key, value);
        for (const key of batch.del ?? []) kept.delete(key);
      },
      entries: async (prefix: string): Promise<[string, Json][]> =>
        [...kept]
          .filter(([key]) => key.startsWith(prefix))
          .sort(([left], [right]) => (left < right ? -1 : 1)),
    };
    const bus = new Bus();
    const history = new History(store);
    history.follow(bus);
    for (let at = 1; at <= 5005; at += 1) {
      bus.publish('verdict', verdictChange({ output: `run ${at}`, at }));
    }
    for (let count = 0; count < 50; count += 1) await turn();
    const restarted = new History(store);
    await restarted.restore();
    restarted.follow(bus);
    bus.publish('verdict', verdictChange({ output: 'last', at: 9000 }));
    await turn();
    const entries = restarted.list('checks');
    expect(entries).toHaveLength(5000);
    expect(entries[0]?.at).toBe(7);
    expect(entries.at(-1)).toMatchObject({ log: 'last', at: 9000 });
    expect(kept.size).toBe(5000);
    expect(restarted.list('checks', 8000)).toHaveLength(1);
  });
});
