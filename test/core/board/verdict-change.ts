import type { VerdictChange } from '../../../core/board/bus.ts';

/** A hard change of the check `c` from ok to critical, unless told otherwise. */
export function verdictChange(more: Partial<VerdictChange> = {}): VerdictChange {
  const { oldState = 'ok', state = 'critical' } = more;
  return {
    check: 'c',
    name: 'c',
    at: 1,
    cause: 'run',
    oldState,
    state,
    hard: true,
    oldHardState: oldState,
    hardState: state,
    attempt: 1,
    episode: 1,
    stale: false,
    output: '',
    ...more,
  };
}
