import { describe, expect, it } from 'vitest';
import { checkRow, type StateCounts } from '../checks/rows.ts';
import { Board } from '../live/board.ts';
import { sampleCheck, sampleNode, samplePushed, sampleSnapshot } from '../live/sample-facts.ts';
import { groupRows, hostRows } from './hosts.ts';

const checks = [
  sampleCheck('memory'),
  sampleCheck('disks', { stale: true }),
  samplePushed('web1', 'queue', { state: 'critical' }),
  samplePushed('web1', 'mail'),
  samplePushed('web2', 'mail'),
];
const nodes = [
  sampleNode('own', { groups: ['linux', 'redis'] }),
  sampleNode('db1', { failing: ['redis'], groups: ['redis'] }),
  sampleNode('db2', { state: 'suspect' }),
  sampleNode('db3', { state: 'dead' }),
  sampleNode('db4', { state: 'leave', groups: ['redis'] }),
  sampleNode('db5', { groups: [] }),
];

function boardOf(...given: Parameters<typeof sampleSnapshot>): Board {
  const board = new Board();
  board.apply(sampleSnapshot(...given));
  return board;
}

describe('hosts', () => {
  it('are this one, the nodes of the cluster and those that push, the worst first', () => {
    const board = boardOf(0, checks, nodes);
    const rows = checks.map((check) => checkRow(check, 'own'));
    const none = { pending: 0, ok: 0, warning: 0, critical: 0, unknown: 0, stale: 0 };
    const known = new Map<string, StateCounts>([
      ['uuid-db5', { ...none, warning: 1, ok: 8 }],
      ['uuid-db3', { ...none, ok: 8 }],
    ]);
    expect(
      hostRows(board, rows, 'own', known).map(({ name, kind, state, why }) => [name, kind, state, why]),
    ).toEqual([
      ['db1', 'node', 'critical', 'failing: redis'],
      ['db3', 'node', 'critical', 'dead'],
      ['web1', 'push', 'critical', '1 critical, 1 ok'],
      ['db2', 'node', 'warning', 'suspect'],
      ['db5', 'node', 'warning', '1 warning, 8 ok'],
      ['own', 'own', 'stale', '1 stale, 1 ok'],
      ['db4', 'node', 'pending', 'leave'],
      ['web2', 'push', 'ok', '1 ok'],
    ]);
  });

  it('are in groups, of which some fail', () => {
    expect(groupRows(boardOf(0, checks, nodes))).toEqual([
      { name: 'linux', members: 3, failing: 0, isOwn: true },
      { name: 'redis', members: 2, failing: 1, isOwn: false },
    ]);
    expect(groupRows(boardOf(0, checks))).toEqual([{ name: 'linux', members: 1, failing: 0, isOwn: true }]);
  });
});
