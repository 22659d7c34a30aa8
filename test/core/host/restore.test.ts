import type { Json } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { Board } from '../../../core/board/board.ts';
import { Bus } from '../../../core/board/bus.ts';
import { PluginStates } from '../../../core/host/plugin-states.ts';
import { dropOrphans, restoreBoard } from '../../../core/host/restore.ts';
import { Quarantine } from '../../../core/quarantine/quarantine.ts';

function earlier(rows: { [key: string]: Json }) {
  const store = {
    entries: async (prefix: string): Promise<[string, Json][]> =>
      Object.entries(rows).filter(([key]) => key.startsWith(prefix)),
    put: async () => undefined,
    putLazy: ({ del = [] }: { del?: string[] }) => void deleted.push(...del),
  };
  const deleted: string[] = [];
  const parts = {
    board: new Board(new Bus()),
    states: new PluginStates(store),
    quarantine: new Quarantine(store),
    deleted,
  };
  const restored = restoreBoard(store, parts.board, parts.quarantine, 9).then(() => parts.states.restore());
  return restored.then(() => parts);
}

const verdict = { state: 'critical', hard: true, attempt: 3, output: 'down', since: 5, lastRun: 6 };

describe('restoreBoard', () => {
  it('puts back states, groups, quarantine and suspects', async () => {
    const { board, quarantine } = await earlier({
      'check/p/check/c': verdict,
      'detected/p/detector/d': ['blue', 7],
      'quarantine/collector/bad': { reason: 'why', since: 1 },
      'suspect/collector/odd': 1,
    });
    expect(board.verdicts.get('p/check/c')).toMatchObject(verdict);
    expect(board.groups).toEqual(['blue']);
    expect(quarantine.get('collector/bad')).toEqual({ reason: 'why', since: 1 });
    expect(quarantine.isSuspect('collector/odd')).toBe(true);
  });

  it.each<[string, Json]>([
    ['a state that is none', { ...verdict, state: 'odd' }],
    ['an output that is no text', { ...verdict, output: 3 }],
    ['a list', [verdict]],
    ['null', null],
  ])('ignores %s', async (_, value) => {
    const { board } = await earlier({ 'check/p/check/c': value, 'detected/p/detector/d': value });
    expect(board.verdicts.size).toBe(0);
  });
});

describe('dropOrphans', () => {
  it('forgets what the configuration no longer has, the memories of its plugins among it', async () => {
    const rows = {
      'check/kept': verdict,
      'check/gone': verdict,
      'detected/kept': ['blue'],
      'detected/gone': ['red'],
      'state/kept': { seen: 1 },
      'state/gone': { seen: 1 },
    };
    const { board, states, deleted } = await earlier(rows);
    const keys = dropOrphans(board, states, (id) => id === 'kept', 9);
    states.save();
    expect(keys).toEqual(['check/gone', 'detected/gone']);
    expect(deleted).toEqual(['state/gone']);
    expect([...board.verdicts.keys()]).toEqual(['kept']);
    expect(board.groups).toEqual(['blue']);
    expect(states.get('kept')).toEqual({ seen: 1 });
  });
});
