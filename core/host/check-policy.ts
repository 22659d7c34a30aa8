import { type CheckPolicy, defaultPolicy } from '../../alerting/model.ts';
import type { CheckObject } from '../../configuration/model.ts';

/** How a check's results become states: what its configuration says, and the defaults where it says nothing. */
export function policyOf(object: CheckObject & Partial<CheckPolicy>): CheckPolicy {
  return {
    attempts: object.attempts,
    retryIntervalMs: object.retryIntervalMs ?? defaultPolicy.retryIntervalMs,
    forMs: object.forMs ?? defaultPolicy.forMs,
    volatile: object.volatile ?? defaultPolicy.volatile,
    flapping: object.flapping ?? defaultPolicy.flapping,
    onMissing: object.onMissing ?? defaultPolicy.onMissing,
  };
}
