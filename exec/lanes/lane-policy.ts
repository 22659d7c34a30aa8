/** A lane, as the decision to start more of them sees it. */
export interface LaneView {
  kind: string;
  /** How long its command has been running; 0 while it starts; null when it has none and waits for one. */
  busyMs: number | null;
}

/** How many lanes there may be. */
export interface LaneBounds {
  /** Lanes that use the processor at a time. */
  fast: number;
  /** All lanes. */
  max: number;
  /** Of these, what commands that lately took long cannot have. */
  reserved: number;
}

const leastSlowMs = 100;
const mostSlowMs = 2000;
const startsPerSlow = 10;
/** Lanes started at a time: each costs a fork of the whole agent. */
const stride = 8;

/**
 * A command that runs longer than this waits for something else than the processor, and another lane may use that. Where processors are
 * scarce everything takes long, and more lanes would make it worse: `startMs`, how long the latest lane took to start, tells.
 */
export function slowAfter(startMs: number): number {
  return Math.min(mostSlowMs, Math.max(leastSlowMs, startsPerSlow * startMs));
}

/**
 * How many lanes of `kind` to start for `waiting` commands of it, which no idle lane of their kind can take. Commands that hold a
 * lane for long do not count against `fast`. A kind that has no lane gets one even so.
 */
export function lanesToStart(
  kind: string,
  waiting: number,
  lanes: LaneView[],
  bounds: Omit<LaneBounds, 'reserved'> & { slowMs: number },
): number {
  const fast = lanes.filter(({ busyMs }) => busyMs !== null && busyMs < bounds.slowMs).length;
  const own = lanes.some((lane) => lane.kind === kind);
  const wanted = Math.max(own ? 0 : 1, bounds.fast - fast);
  return Math.max(0, Math.min(waiting, wanted, bounds.max - lanes.length, stride));
}

/** Orders that a lane gets at a time: each one more costs less than the first, and waits for those before it. */
const mostAtOnce = 16;

/** How many of `waiting` orders a lane gets at a time, where `lanes` share them: one while there is a lane for each. */
export function ordersAtOnce(waiting: number, lanes: number): number {
  return Math.max(1, Math.min(mostAtOnce, Math.ceil(waiting / Math.max(1, lanes))));
}
