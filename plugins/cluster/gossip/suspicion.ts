import { suspicionMs } from './time.ts';

/** A running suspicion: who holds it, and the bounds that were right when it began. */
export interface Suspicion {
  uuid: string;
  incarnation: number;
  startedMs: number;
  minMs: number;
  maxMs: number;
  /** Confirmations that bring it down to `minMs`. */
  needed: number;
  /** The first accuser, then those who confirmed independently; at most `needed` + 1. */
  accusers: readonly string[];
  /** A confirmation brings no end before this moment. */
  graceEndMs?: number;
  /** Others have buried it: it ends at `minMs`. */
  isHastened?: boolean;
}

/** Whether enough confirmed a suspicion to end it at `minMs`. */
export function isConfirmed({ accusers, needed }: Suspicion): boolean {
  return accusers.length > needed;
}

/**
 * A suspicion with one more accuser, or the same object where the accuser is known or none is needed. It lasts until `graceEndMs` at
 * least: who hung itself hears at once, and late, all who confirm, and would bury before it reads that the suspect refuted.
 */
export function confirmSuspicion(suspicion: Suspicion, by: string, graceEndMs: number): Suspicion {
  if (suspicion.accusers.length > suspicion.needed || suspicion.accusers.includes(by)) return suspicion;
  return { ...suspicion, accusers: [...suspicion.accusers, by], graceEndMs };
}

/** When the suspect is dead unless it refutes, on the clock of `startedMs`. */
export function suspicionDeadline(suspicion: Suspicion): number {
  const { startedMs, minMs, maxMs, graceEndMs = startedMs, accusers, isHastened } = suspicion;
  const endMs = startedMs + (isHastened === true ? minMs : suspicionMs(accusers.length - 1, suspicion));
  return Math.max(endMs, Math.min(graceEndMs, startedMs + maxMs));
}
