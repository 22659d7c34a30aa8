import type { DeliveryRecord, RecordedDecision, StateRecord } from '../../../alerting/explain/model.ts';

/** A step of check `c`. */
export function step(at: number, state: StateRecord['state'], more: Partial<StateRecord> = {}): StateRecord {
  return {
    kind: 'state',
    check: 'p/check/c',
    at,
    cause: 'run',
    oldState: 'ok',
    state,
    hard: true,
    oldHardState: 'ok',
    hardState: state,
    attempt: 1,
    episode: 1,
    stale: false,
    output: `c ${state}`,
    seen: [],
    ...more,
  };
}

/** A decision about check `c` and handler `mail`. */
export function decision(
  at: number,
  outcome: RecordedDecision['outcome'],
  more: Partial<RecordedDecision> = {},
): RecordedDecision {
  return {
    kind: 'decision',
    at,
    handler: 'mail',
    check: 'p/check/c',
    state: 'critical',
    outcome,
    reason: `why ${outcome}`,
    until: null,
    key: outcome === 'told' ? `n/p/check/c/${at}/problem` : '',
    ...more,
  };
}

/** An attempt to deliver by `mail`. */
export function delivery(at: number, key: string, more: Partial<DeliveryRecord> = {}): DeliveryRecord {
  return { kind: 'delivery', at, handler: 'mail', key, outcome: 'delivered', code: '', message: '', ...more };
}
