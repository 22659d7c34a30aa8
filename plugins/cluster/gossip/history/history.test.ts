import { describe, expect, it } from 'vitest';
import type { Member } from '../members.ts';
import { VirtualCluster } from '../simulation/virtual-cluster.ts';
import { History } from './history.ts';
import { answerHistory } from './routes.ts';

const epochMs = Date.UTC(2026, 0, 1);

function history(monotonic: () => number): History {
  return new History({
    monotonic,
    now: () => epochMs + monotonic(),
    nameOf: (uuid) => `name of ${uuid}`,
    displayNameOf: (uuid) => (uuid.startsWith('n') ? `shown ${uuid}` : ''),
  });
}

const member = (name: string, changes: Partial<Member> = {}): Member =>
  ({
    uuid: name,
    alive: { record: { name } },
    incarnation: 1,
    state: 'alive',
    sinceMs: 0,
    accusers: [],
    ...changes,
  }) as Member;

describe('the history', () => {
  it('tells who accused whom on what evidence, and when', () => {
    const cluster = new VirtualCluster({ nodes: 5 });
    cluster.time.until(() => cluster.agree('alive'), 60_000);
    // A young pool exchanges so often that a suspicion may come by a table.
    cluster.time.pass(60_000);
    cluster.crash('n1');
    cluster.time.until(() => cluster.agree('dead', ['n1']), 60_000);
    const told = history(() => cluster.time.now());
    for (const { by, event } of cluster.seen) if (by === 'n0') told.hear(event);
    const entries = told.list('n1');
    expect(entries.map(({ state }) => state)).toEqual(['new', 'suspect', 'dead']);
    const [, suspect, dead] = entries;
    expect(suspect?.accusers[0]).toMatchObject({ evidence: expect.stringMatching(/no-ack|refused/) });
    expect(dead?.accusers.at(-1)?.name).toMatch(/^name of n\d$/);
    expect(dead?.accusers.at(-1)?.display_name).toMatch(/^shown n\d$/);
    expect(told.list('shown n1')).toEqual(entries);
    expect(told.list('n2').map(({ state }) => state)).toEqual(['new']);
  });

  it('adds who accuses later to the state that is accused', () => {
    const told = history(() => 0);
    const first = { by: 'x', evidence: 'no-ack' as const, atMs: 0 };
    const second = { by: 'y', evidence: 'refused' as const, atMs: 0 };
    told.hear({ kind: 'suspect', member: member('a', { state: 'suspect', accusers: [first] }) });
    told.hear({ kind: 'accused', member: member('a', { state: 'suspect', accusers: [first, second] }) });
    told.hear({ kind: 'alive', member: member('a') });
    told.hear({ kind: 'accused', member: member('a', { state: 'suspect', accusers: [second] }) });
    expect(told.list().map(({ state, accusers }) => [state, accusers.map(({ by }) => by)])).toEqual([
      ['suspect', ['x', 'y']],
      ['alive', []],
    ]);
  });

  it('counts who is suspect already when we first hear of it as that', () => {
    const told = history(() => 5000);
    const accusers = [{ by: 'x', evidence: 'reported' as const, atMs: 2000 }];
    told.hear({ kind: 'new', member: member('a', { state: 'dead', accusers }) });
    told.hear({ kind: 'record', member: member('a') });
    told.hear({ kind: 'degraded' });
    expect(told.list()).toEqual([
      {
        at: epochMs + 5000,
        node: 'a',
        name: 'a',
        display_name: '',
        state: 'dead',
        accusers: [
          { by: 'x', name: 'name of x', display_name: '', evidence: 'reported', at: epochMs + 2000 },
        ],
      },
    ]);
  });

  it('lets go of who was new first, then of the oldest', () => {
    const told = history(() => 0);
    told.hear({ kind: 'suspect', member: member('s', { state: 'suspect' }) });
    for (let index = 0; index < 999; index += 1) told.hear({ kind: 'new', member: member(`n${index}`) });
    for (let index = 0; index < 1000; index += 1) {
      told.hear({ kind: 'leave', member: member('l', { state: 'leave' }) });
      if (index === 998) expect(told.list('s')).toHaveLength(1);
    }
    expect([told.list('s'), told.list().length]).toEqual([[], 1000]);
  });

  it('is kept over a restart, the newest of it, and takes nothing unsound', () => {
    const told = history(() => 0);
    for (let index = 0; index < 1000; index += 1)
      told.hear({ kind: 'dead', member: member(`node-${index}`.padEnd(80, 'x'), { state: 'dead' }) });
    const saved = told.save();
    expect(JSON.stringify(saved).length).toBeLessThan(64 * 1024);
    const later = history(() => 0);
    later.hear({ kind: 'alive', member: member('b') });
    later.restore(saved);
    expect(later.list().at(-2)).toEqual(told.list().at(-1));
    expect(later.list().at(-1)).toMatchObject({ node: 'b' });
    for (const bad of [undefined, 3, [null], [{}], [{ ...told.list()[0], accusers: [{ by: 3 }] }]]) {
      const fresh = history(() => 0);
      fresh.restore(bad as never);
      expect(fresh.list()).toEqual([]);
    }
  });

  it('does not tell again who was known before a restart', () => {
    const told = history(() => 0);
    told.hear({ kind: 'new', member: member('a') });
    told.hear({ kind: 'dead', member: member('b', { state: 'dead' }) });
    const later = history(() => 0);
    later.restore(told.save());
    later.hear({ kind: 'new', member: member('a') });
    later.hear({ kind: 'new', member: member('b', { state: 'dead' }) });
    expect(later.list()).toHaveLength(2);
    later.hear({ kind: 'deleted', member: member('b', { state: 'dead' }) });
    later.hear({ kind: 'new', member: member('b') });
    expect(later.list('b').map(({ state }) => state)).toEqual(['dead', 'deleted', 'new']);
  });

  it('is answered with times as text', () => {
    const told = history(() => 1000);
    const accusers = [{ by: 'x', evidence: 'refused' as const, atMs: 500 }];
    told.hear({ kind: 'suspect', member: member('a', { state: 'suspect', accusers }) });
    told.hear({ kind: 'new', member: member('b') });
    const request = { route: '', method: 'GET', params: {}, query: { node: 'a' }, body: null };
    expect(answerHistory(told, request)).toEqual({
      status: 200,
      body: [
        {
          at: '2026-01-01T00:00:01.000Z',
          node: 'a',
          name: 'a',
          display_name: '',
          state: 'suspect',
          accusers: [
            {
              by: 'x',
              name: 'name of x',
              display_name: '',
              evidence: 'refused',
              at: '2026-01-01T00:00:00.500Z',
            },
          ],
        },
      ],
    });
  });
});
