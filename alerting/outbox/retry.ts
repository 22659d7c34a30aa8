/** When a failed delivery is tried again, and when it is given up. */
export interface RetryLimits {
  firstMs: number;
  longestMs: number;
  /** Failures while the handler took others. Those of a handler that takes nothing do not count: it may be down for hours. */
  attempts: number;
  ageMs: number;
}

/** First after some seconds, then ever rarer, for a day. */
export const retryLimits: RetryLimits = {
  firstMs: 5000,
  longestMs: 600_000,
  attempts: 30,
  ageMs: 86_400_000,
};

/** Of one that alone fails and holds up others: what follows it, as the end of its problem, is not to come hours late. */
export const stuckLimits: RetryLimits = { ...retryLimits, attempts: 10 };

/**
 * The pause after so many failures in a row: exponential with full jitter, so that many agents do not come back together
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/). `random` gives 0 to 1.
 * At least a fifth of the first pause, and what the other side asked for (`retryAfterMs`).
 */
export function retryPauseMs(
  failures: number,
  random: () => number,
  retryAfterMs: number | null = null,
  limits: RetryLimits = retryLimits,
): number {
  const most = Math.min(limits.longestMs, limits.firstMs * 2 ** Math.min(30, failures - 1));
  const asked = Math.min(retryAfterMs ?? 0, limits.ageMs);
  return Math.round(Math.max(limits.firstMs / 5, most * random(), asked));
}

/** Whether a notification is given up that alone failed `attempts` times, at this age. */
export function isGivenUp(attempts: number, ageMs: number, limits: RetryLimits = retryLimits): boolean {
  return attempts >= limits.attempts || ageMs >= limits.ageMs;
}
