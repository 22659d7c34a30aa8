import { describe, expect, it } from 'vitest';
import { checkRow } from '../checks/rows.ts';
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
    expect(
      hostRows(board, rows, 'own').map(({ name, kind, state, why }) => [name, kind, state, why]),
    ).toEqual([
      ['db1', 'node', 'critical', 'failing: redis'],
      ['db3', 'node', 'critical', 'dead'],
      ['web1', 'push', 'critical', '1 critical'],
      ['db2', 'node', 'warning', 'suspect'],
      ['own', 'own', 'stale', '1 stale'],
      ['db4', 'node', 'pending', 'leave'],
      ['web2', 'push', 'ok', '1 check'],
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
