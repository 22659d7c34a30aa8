import { describe, expect, it } from 'vitest';
import { type CheckStatus, nextStatus, pendingStatus } from '../../../core/checks/status.ts';

type State = CheckStatus['state'];

function life(states: Exclude<State, 'pending'>[], attempts: number): [State, boolean][] {
  let status: CheckStatus = pendingStatus;
  return states.map((state, index) => {
    status = nextStatus(status, { state, output: state }, attempts, index + 1);
    return [status.state, status.hard];
  });
}

describe('check status', () => {
  it('is hard at once with one attempt', () => {
    expect(life(['critical', 'ok', 'unknown'], 1)).toEqual([
      ['critical', true],
      ['ok', true],
      ['unknown', true],
    ]);
  });

  it('is soft until enough runs agree, and hard again at once when it is ok', () => {
    expect(life(['critical', 'critical', 'warning', 'warning', 'warning', 'ok'], 3)).toEqual([
      ['critical', false],
      ['critical', false],
      ['warning', false],
      ['warning', false],
      ['warning', true],
      ['ok', true],
    ]);
  });

  it('keeps since while the state stays', () => {
    const first = nextStatus(pendingStatus, { state: 'ok', output: 'a' }, 1, 100);
    const second = nextStatus(first, { state: 'ok', output: 'b' }, 1, 200);
    expect(second).toMatchObject({ since: 100, lastRun: 200, output: 'b' });
    expect(nextStatus(second, { state: 'critical', output: 'c' }, 1, 300).since).toBe(300);
  });
});
