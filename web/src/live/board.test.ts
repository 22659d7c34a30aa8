import { describe, expect, it } from 'vitest';
import { Board } from './board.ts';
import { sampleChange, sampleCheck, sampleNode, sampleSnapshot } from './sample-facts.ts';

const at = new Date(30_000).toISOString();

describe('a board', () => {
  it('begins with a snapshot and takes what follows it without a gap', () => {
    const board = new Board();
    expect(board.isEmpty).toBe(true);
    expect(board.apply(sampleChange(1, sampleCheck('a')))).toBe('gap');
    expect(board.apply(sampleSnapshot(5, [sampleCheck('a'), sampleCheck('b')], [sampleNode('n')]))).toBe(
      'taken',
    );
    expect(board.apply(sampleChange(6, sampleCheck('a', { state: 'critical' })))).toBe('taken');
    expect(board.apply({ type: 'check-removed', seq: 7, at, data: { id: 'local/check/b' } })).toBe('taken');
    expect(board.apply({ type: 'groups', seq: 8, at, data: ['redis'] })).toBe('taken');
    expect(board.apply({ type: 'node', seq: 9, at, data: sampleNode('m') })).toBe('taken');
    expect(board.apply({ type: 'node-removed', seq: 10, at, data: { uuid: 'uuid-n' } })).toBe('taken');
    expect([...board.checks.values()].map(({ name, state }) => [name, state])).toEqual([['a', 'critical']]);
    expect([board.groups, [...board.nodes.keys()]]).toEqual([['redis'], ['uuid-m']]);
  });

  it('tells a gap, and passes over what it has', () => {
    const board = new Board();
    board.apply(sampleSnapshot(5, [sampleCheck('a')]));
    const { version } = board;
    expect(board.apply(sampleChange(5, sampleCheck('a', { state: 'critical' })))).toBe('ignored');
    expect(board.apply(sampleChange(7, sampleCheck('a', { state: 'critical' })))).toBe('gap');
    expect(board.apply({ type: 'resumed', stream: 's', seq: 5 })).toBe('ignored');
    expect(board.apply({ type: 'resumed', stream: 'other', seq: 5 })).toBe('gap');
    expect(board.apply({ type: 'ping' })).toBe('ignored');
    expect([board.version, board.checks.get('local/check/a')?.state]).toEqual([version, 'ok']);
  });

  it('remembers changes of states, newest first, and no other texts', () => {
    const board = new Board();
    board.apply(sampleSnapshot(0, [sampleCheck('a')]));
    board.apply(sampleChange(1, sampleCheck('a', { output: 'other' })));
    board.apply(sampleChange(2, sampleCheck('a', { state: 'warning' })));
    board.apply(sampleChange(3, sampleCheck('a', { state: 'warning', stale: true })));
    board.apply(sampleChange(4, sampleCheck('b')));
    expect(board.changes.map(({ id, from, to }) => [id, from?.state, to.state])).toEqual([
      ['local/check/b', undefined, 'ok'],
      ['local/check/a', 'warning', 'warning'],
      ['local/check/a', 'ok', 'warning'],
    ]);
    expect(board.beganAt).toBe(10_000);
    for (let seq = 5; seq < 305; seq += 1)
      board.apply(sampleChange(seq, sampleCheck('a', { state: seq % 2 === 0 ? 'ok' : 'critical' })));
    expect(board.changes).toHaveLength(200);
  });

  it('notes what it missed when all is told anew', () => {
    const board = new Board();
    board.apply(sampleSnapshot(0, [sampleCheck('a'), sampleCheck('b'), sampleCheck('c')]));
    const checks = [
      sampleCheck('a', { state: 'critical', since: 4000 }),
      sampleCheck('b', { state: 'warning', since: 3000 }),
      sampleCheck('c'),
    ];
    board.apply(sampleSnapshot(90, checks));
    expect(board.changes.map(({ id, at: when }) => [id, when])).toEqual([
      ['local/check/a', 4000],
      ['local/check/b', 3000],
    ]);
  });
});
