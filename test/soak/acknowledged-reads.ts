/** What a server told of itself. */
export interface Told {
  /** Before and after it looked, by the clock that all processes of a machine share, milliseconds. */
  from: number;
  at: number;
  /** Points of a connection that it had read. */
  points: number;
  /** For how long the oldest point was not on the disk then, and any was at most. */
  unsafeMs: { now: number; most: number };
}

/** What was read longer ago than this is acknowledged, unless the server has said that the disk is late. */
export const keptAfterMs = 1000;

/** The clock of `Told`. */
export function sharedClock(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/**
 * How many points of a connection are acknowledged by having been read, of a server that was killed at `killedAt`; null where it was late: it said so, or
 * got no processor since, in which it could have synced or said so.
 */
export function acknowledgedReads(told: readonly Told[], killedAt: number): number | null {
  const before = told.filter(({ at }) => at <= killedAt);
  const last = before.at(-1);
  if (last === undefined || last.unsafeMs.now + killedAt - last.from > keptAfterMs) return null;
  if (before.some(({ unsafeMs }) => unsafeMs.most > keptAfterMs)) return null;
  const old = before.filter(({ at }) => killedAt - at > keptAfterMs);
  return Math.max(0, ...old.map(({ points }) => points));
}
