/** Refused probes that a death takes where helpers can confirm it. */
const wantedProbes = 2;
/** Helpers that must confirm it. */
export const wantedHelpers = 2;
/** Refusals closer together count as one: a restart takes less. */
export const refusalGapMs = 1000;

/** A member whose port refuses, as one prober sees it. Never changed in place. */
export interface RefusalCase {
  /** A member that answers under a later one has refuted everything. */
  incarnation: number;
  /** Own refused probes, each at least `refusalGapMs` after the one before. */
  probes: number;
  lastMs: number;
  /** Helpers that found the same; each counts once, however often it says so. */
  helpers: readonly string[];
}

/** The case after one more own probe that was refused. */
export function refusedProbe(
  before: RefusalCase | undefined,
  incarnation: number,
  nowMs: number,
): RefusalCase {
  if (before === undefined || before.incarnation !== incarnation)
    return { incarnation, probes: 1, lastMs: nowMs, helpers: [] };
  return nowMs - before.lastMs < refusalGapMs
    ? before
    : { ...before, probes: before.probes + 1, lastMs: nowMs };
}

/** The case after a helper's word. A helper alone opens none: what we have not seen ourselves stays hearsay. */
export function refusedReport(
  before: RefusalCase | undefined,
  incarnation: number,
  by: string,
): RefusalCase | undefined {
  if (before === undefined || before.incarnation !== incarnation || before.helpers.includes(by))
    return before;
  return { ...before, helpers: [...before.helpers, by] };
}

/**
 * Whether the member is dead without any further wait: 2 refused probes and 2 helpers who found the same. `able` are the
 * helpers that there are. Where they are fewer, each missing one is made up by one more refused probe of our own: 3 probes
 * and 1 helper among three nodes, 4 probes among two.
 */
export function isRefusalProven({ probes, helpers }: RefusalCase, able: number): boolean {
  const needed = Math.min(wantedHelpers, able);
  return helpers.length >= needed && probes >= wantedProbes + (wantedHelpers - needed);
}
