/** What a server told of itself. */
export interface Told {
  /** When that came, milliseconds. */
  at: number;
  /** Points of a connection that it had read. */
  points: number;
  /** For how long any point of its life was not safe, at most. */
  unsafeMs: number;
}

/** What was read longer ago than this is acknowledged, unless the server has said that the disk is late. */
export const keptAfterMs = 1000;
/** A server that told nothing for so long had no turn of the processor, and could neither sync nor say that it is late. */
const silentMs = 250;
/** Clocks of two threads are read one after the other. */
const slackMs = 50;

/**
 * How many points of a connection are acknowledged by having been read, of a server that was killed at `killedAt`; null where it was late, and said
 * so or could not.
 */
export function acknowledgedReads(told: readonly Told[], killedAt: number): number | null {
  const before = told.filter(({ at }) => at <= killedAt);
  const last = before.at(-1);
  if (last === undefined || killedAt - last.at > silentMs) return null;
  if (before.some(({ unsafeMs }) => unsafeMs > keptAfterMs)) return null;
  const old = before.filter(({ at }) => killedAt - at > keptAfterMs + slackMs);
  return Math.max(0, ...old.map(({ points }) => points));
}
