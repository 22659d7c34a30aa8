/** What is known of how long the last run of a plugin took: nothing yet, less than `slowMs`, or more. */
export type Pace = 'fast' | 'unproven' | 'slow';

/** A thread as the growth rule sees it. `overrun`: its job is past its timeout. `unproven`: nothing is known of its job's plugin yet. */
export interface LaneView {
  state: 'starting' | 'idle' | 'busy';
  busyMs: number;
  overrun: boolean;
  unproven: boolean;
}

/** A waiting job as the growth rule sees it. */
export interface WaitingView {
  waitedMs: number;
  pace: Pace;
}

/** The bounds of a group of threads. */
export interface GroupBounds {
  min: number;
  max: number;
  /** How many may start at the same time; a start is work for a processor, and more of them only slow each other down. */
  starting: number;
  /** Threads that have a processor each. */
  processors: number;
  /** Threads whose jobs take long or overran their timeouts are made up for, and one stays free. Otherwise every thread counts. */
  elastic: boolean;
}

/** A job that waited this long gets a new thread. */
export const growAfterMs = 50;
/** A thread that is held for longer is one that others do not wait for. */
export const heldMs = 50;
/**
 * In place of both for what is not known yet, once there is a thread a processor: a first run loads its plugin, and while many do (a start, a
 * reload) more threads only share the processors that are busy already, each at the price of its own start.
 */
export const unprovenMs = 400;
/** A run that takes longer makes its plugin slow. Far above `heldMs`: on a busy machine quick plugins take longer too, and must not queue with hanging ones. */
export const slowMs = 250;

/** How long a job of each pace lets faster ones pass, so that nobody starves. */
export const handicapMs: { [pace in Pace]: number } = { fast: 0, unproven: 5000, slow: 10_000 };

/** Whom the next free thread may go to, beside jobs of fast plugins. */
export interface Allowed {
  slow: boolean;
  unproven: boolean;
}

/**
 * Picks the job that gets the next free thread: the one that waited longest, after a handicap for plugins that are slow or not known yet.
 * Those that are not allowed are passed over; one that is not known yet no longer than its handicap. Returns an index, or -1.
 */
export function chooseNext(waiting: readonly WaitingView[], allowed: Allowed): number {
  let best = -1;
  let bestMs = Number.NEGATIVE_INFINITY;
  waiting.forEach(({ waitedMs, pace }, index) => {
    const ms = waitedMs - handicapMs[pace];
    const passed = (pace === 'slow' && !allowed.slow) || (pace === 'unproven' && !allowed.unproven && ms < 0);
    if (!passed && ms > bestMs) {
      best = index;
      bestMs = ms;
    }
  });
  return best;
}

/**
 * Slow jobs may have a thread while they hold fewer than the group's maximum. The last free one is kept from plugins that nobody knows yet once
 * another is held for long: of many that hang one after the other, each would take the thread that was started for what the last one delayed.
 */
export function allowedNext(lanes: readonly LaneView[], bounds: GroupBounds): Allowed {
  return {
    slow: lanes.filter((lane) => lane.busyMs >= heldMs && !lane.overrun).length < bounds.max,
    unproven: !keepsLast(lanes, bounds),
  };
}

function keepsLast(lanes: readonly LaneView[], bounds: GroupBounds): boolean {
  const free = lanes.filter((lane) => lane.state === 'idle').length;
  return bounds.elastic && free <= 1 && lanes.some((lane) => lane.busyMs >= slowMs);
}

/**
 * How many threads to start now. `room`: how many more may exist in the whole process.
 *
 * A group has its minimum at once; beyond it a thread starts for a job that waited 50 ms. Slow jobs share `max` threads (those that overran
 * their timeout do not count). For the others a thread that has been held for 50 ms does not count either: sixteen plugins that hang at the same
 * moment must not make a healthy one wait for their timeouts.
 */
export function threadsToStart(
  lanes: readonly LaneView[],
  waiting: readonly WaitingView[],
  bounds: GroupBounds,
  room: number,
): number {
  const starting = lanes.filter((lane) => lane.state === 'starting').length;
  const allowed = Math.min(room, bounds.starting - starting);
  if (allowed <= 0) return 0;
  const needed = Math.max(bounds.min, waiting.length > 0 ? 1 : 0);
  if (lanes.length < needed) return Math.min(allowed, needed - lanes.length);
  const crowded = lanes.length >= bounds.processors;
  const held = lanes.filter((lane) => lane.busyMs >= (crowded && lane.unproven ? unprovenMs : heldMs)).length;
  const idle = lanes.some((lane) => lane.state === 'idle');
  if (idle && !keepsLast(lanes, bounds)) return 0;
  const forSlow = lanes.filter((lane) => !(lane.overrun && bounds.elastic)).length < bounds.max;
  const forOthers = lanes.length - held < bounds.max && bounds.elastic;
  const overdue = waiting.filter(
    ({ waitedMs, pace }) =>
      (!idle || pace === 'unproven') &&
      waitedMs >= (crowded && pace === 'unproven' ? unprovenMs : growAfterMs) &&
      (forSlow || (pace !== 'slow' && forOthers)),
  ).length;
  if (overdue > starting) return Math.min(allowed, overdue - starting);
  return bounds.elastic && forOthers && starting === 0 && held === lanes.length ? 1 : 0;
}
