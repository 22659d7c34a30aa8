/** The worst local health score: durations are stretched eightfold. */
export const worstHealth = 7;

/** How a probe went, as far as our own health is concerned. */
export interface ProbeOutcome {
  acked: boolean;
  /** Helpers that were asked and promised a nack. */
  helpers: number;
  nacks: number;
}

/** The next local health score: 0 is well, 7 the worst. */
export function nextHealth(score: number, change: number): number {
  return Math.min(worstHealth, Math.max(0, score + change));
}

/**
 * What a probe says of the prober. Helpers that do not even send a nack say that our own packets are lost or read late;
 * where all of them answered, the fault is the target's.
 */
export function healthChange({ acked, helpers, nacks }: ProbeOutcome): number {
  if (acked) return -1;
  return helpers === 0 ? 1 : Math.max(0, helpers - nacks);
}
