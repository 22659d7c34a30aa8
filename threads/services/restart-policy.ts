/** How a service that dies is treated. */
export interface RestartLimits {
  /** The first pause; it doubles with each failure of the window. */
  firstMs: number;
  longestMs: number;
  /** Share of the pause that chance adds or takes, so that services that died together do not come back together. */
  jitter: number;
  /** So many failures within the window are one too many. */
  failures: number;
  windowMs: number;
}

/** The limits of every service: about two minutes of trying, spread over eight failures. */
export const restartLimits: RestartLimits = {
  firstMs: 500,
  longestMs: 60_000,
  jitter: 0.2,
  failures: 8,
  windowMs: 600_000,
};

/** What follows a failure. */
export type RestartDecision = { action: 'restart'; afterMs: number } | { action: 'give-up' };

/**
 * Decides what follows a failure. `failures` are the times of all failures up to and with this one, in milliseconds of one monotonic clock;
 * `chance` is in [0, 1).
 */
export function decideRestart(
  failures: readonly number[],
  now: number,
  chance: number,
  limits: RestartLimits = restartLimits,
): RestartDecision {
  const recent = recentFailures(failures, now, limits).length;
  if (recent >= limits.failures) return { action: 'give-up' };
  const pause = Math.min(limits.firstMs * 2 ** Math.max(0, recent - 1), limits.longestMs);
  return { action: 'restart', afterMs: Math.round(pause * (1 + limits.jitter * (2 * chance - 1))) };
}

/** The failures that still count. */
export function recentFailures(
  failures: readonly number[],
  now: number,
  limits: RestartLimits = restartLimits,
): number[] {
  return failures.filter((at) => now - at < limits.windowMs);
}
