/** A moment that another life of this process can tell the distance to. */
export interface Moment {
  /** The wall clock, which may be set. */
  epochMs: number;
  /** Which start of the host it is; empty where the host does not tell. */
  boot: string;
  /** Since the start of the host. */
  uptimeMs: number;
}

/** The time between two moments: within one start of the host it is not touched by whoever sets the clock. */
export function elapsedMs(from: Moment, to: Moment): number {
  const isSameBoot = from.boot !== '' && from.boot === to.boot;
  return Math.max(0, isSameBoot ? to.uptimeMs - from.uptimeMs : to.epochMs - from.epochMs);
}
