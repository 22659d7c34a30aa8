/** What a thread has used of a processor since it began, and how long it was ready to run and had none, ms. */
export interface ThreadTimes {
  usedMs: number;
  waitedMs: number;
}

/** A run on a host that gives its thread no processor may take so many times its timeout in all. */
const mostTimeouts = 3;
/** A thread whose loop stood still for this long, */
export const hogMs = 100;
/** and used so much of a processor meanwhile, hogs it: one that only waits for a processor stands still as well. */
const hogUsedMs = 25;

/** What a thread came to between two looks; nothing where the kernel does not tell. */
export function timesSince(before: ThreadTimes | undefined, now: ThreadTimes | undefined): ThreadTimes {
  if (before === undefined || now === undefined) return { usedMs: 0, waitedMs: 0 };
  return { usedMs: now.usedMs - before.usedMs, waitedMs: now.waitedMs - before.waitedMs };
}

/**
 * How much longer a run may go on when it has taken `ranMs`, ms; 0 when it has hung. Time in which its thread was ready and others had the
 * processors is no hanging, within a bound: what never returns ends, however busy the host is.
 */
export function moreMs(timeoutMs: number, ranMs: number, waitedMs: number): number {
  const more = Math.min(timeoutMs + waitedMs, timeoutMs * mostTimeouts) - ranMs;
  return more < 1 ? 0 : more;
}

/** Whether a thread takes a processor from others: its loop has not turned for `stoodMs`, and not for want of one. Where the kernel does not tell, it does. */
export function isHog(
  stoodMs: number,
  before: ThreadTimes | undefined,
  look: () => ThreadTimes | undefined,
): boolean {
  if (stoodMs < hogMs) return false;
  const now = look();
  return before === undefined || now === undefined || now.usedMs - before.usedMs >= hogUsedMs;
}
