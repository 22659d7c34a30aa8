import type { CheckPolicy } from '../../alerting/model.ts';

/** What a check has whose configuration says nothing of it. */
export const defaultPolicy: Readonly<CheckPolicy> = {
  attempts: 1,
  retryIntervalMs: null,
  forMs: 0,
  volatile: false,
  flapping: { enabled: true, high: 30, low: 25 },
  onMissing: 'unknown',
};
