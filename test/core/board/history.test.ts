import type { Json } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { Bus } from '../../../core/board/bus.ts';
import { History } from '../../../core/board/history.ts';
import { verdictChange } from './verdict-change.ts';

/** Lets the bus hand over what it has, 200 events a turn. */
async function turn(): Promise<void> {
  for (let count = 0; count < 50; count += 1) await new Promise((resolve) => setImmediate(resolve));
}

function store(rows: Map<string, Json>) {
  return {
    putLazy({ put = [], del = [] }: { put?: [string, Json][]; del?: string[] }) {
      for (const [key, value] of put) rows.set(key, value);
      for (const key of del) rows.delete(key);
    },
    entries: async (prefix: string): Promise<[string, Json][]> =>
      [...rows].filter(([key]) => key.startsWith(prefix)).sort(([left], [right]) => (left < right ? -1 : 1)),
  };
}

const change = (name: string) => ({
  id: `core/collector/${name}`,
  name,
  state: 'ok',
  oldState: 'error',
  log: '',
  at: 1,
});

it('keeps the newest thousand over restarts, also when rows of the store were lost', async () => {
  const rows = new Map<string, Json>();
  const bus = new Bus();
  const first = new History(store(rows));
  first.follow(bus);
  for (let count = 0; count < 1200; count += 1) bus.publish('collector', change(`c${count}`));
  await turn();
  expect(first.list('collectors')).toHaveLength(1000);
  expect(rows.size).toBe(1000);
  for (const key of [...rows.keys()].slice(100, 200)) rows.delete(key);

  const later = new Bus();
  const second = new History(store(rows));
  await second.restore();
  second.follow(later);
  later.publish('collector', change('new'));
  await turn();
  const third = new History(store(rows));
  await third.restore();
  const names = third.list('collectors').map(({ name }) => name);
  expect(names.slice(-2)).toEqual(['c1199', 'new']);
  expect(names).toHaveLength(901);
});

it('tells objects of one name apart by their ids, also after a restart', async () => {
  const rows = new Map<string, Json>();
  const bus = new Bus();
  const history = new History(store(rows));
  history.follow(bus);
  for (const check of ['a/check/load', 'b/check/load'])
    bus.publish('verdict', verdictChange({ check, name: 'load' }));
  bus.publish('groups', { added: ['linux'], removed: [], groups: ['linux'], at: 1 });
  await turn();
  const later = new History(store(rows));
  await later.restore();
  expect(later.list('checks').map(({ id }) => id)).toEqual(['a/check/load', 'b/check/load']);
  expect(later.list('groups').map(({ id }) => id)).toEqual(['linux']);
});

it('keeps why a check changed, and takes what an older agent wrote for hard changes', async () => {
  const rows = new Map<string, Json>([
    [
      'history/checks/000000000000',
      { at: 1, id: 'c', name: 'c', oldState: 'ok', state: 'critical', log: 'full', detail: {} },
    ],
  ]);
  const bus = new Bus();
  const history = new History(store(rows));
  await history.restore();
  history.follow(bus);
  const detail = {
    cause: 'attempts',
    hard: true,
    oldHardState: 'ok',
    hardState: 'critical',
    attempt: 3,
    episode: 7,
    stale: false,
  } as const;
  bus.publish('verdict', verdictChange({ ...detail, oldState: 'critical', output: 'full' }));
  await turn();
  const later = new History(store(rows));
  await later.restore();
  const hard = {
    cause: 'run',
    hard: true,
    oldHardState: 'ok',
    hardState: 'critical',
    attempt: 1,
    episode: 0,
  };
  expect(later.list('checks').map((entry) => entry.detail)).toEqual([{ ...hard, stale: false }, detail]);
});

it('knows since when it is complete', async () => {
  const bus = new Bus();
  const history = new History(store(new Map()));
  history.follow(bus);
  bus.publish('verdict', verdictChange({ at: 1 }));
  await turn();
  expect(history.knownSince('checks')).toBeNull();
  for (let at = 2; at <= 5001; at += 1) bus.publish('verdict', verdictChange({ at }));
  await turn();
  expect(history.knownSince('checks')).toBe(2);
  expect(history.knownSince('groups')).toBeNull();
});

it('tells what became of nodes of the cluster, but not how their checks do', async () => {
  const rows = new Map<string, Json>();
  const bus = new Bus();
  const history = new History(store(rows));
  history.follow(bus);
  const node = { uuid: 'u1', name: 'web', display_name: 'web', zone: 'lan', addresses: [], groups: [] };
  const seen = { ...node, failing: [], added: [], removed: [], self: false, at: 1 };
  bus.publish('node', { ...seen, what: 'new', state: 'alive', old_state: null });
  bus.publish('node', { ...seen, what: 'groups', state: 'alive', old_state: 'alive', added: ['kv'] });
  bus.publish('node', { ...seen, what: 'checks', state: 'alive', old_state: 'alive', added: ['kv'] });
  bus.publish('node', { ...seen, what: 'dead', state: 'dead', old_state: 'alive' });
  bus.publish('node', { ...seen, what: 'deleted', state: 'dead', old_state: 'dead' });
  await turn();
  const later = new History(store(rows));
  await later.restore();
  expect(later.list('nodes').map(({ id, oldState, state, log }) => [id, oldState, state, log])).toEqual([
    ['u1', 'absent', 'alive', ''],
    ['u1', 'alive', 'alive', '+kv'],
    ['u1', 'alive', 'dead', ''],
    ['u1', 'dead', 'absent', ''],
  ]);
});
