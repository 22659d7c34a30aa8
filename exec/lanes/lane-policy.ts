import { maxLanes } from '../command.ts';
import type { ProcessorUse } from '../processors/processor-meter.ts';

/** A lane, as the decision to start more of them sees it. */
export interface LaneView {
  kind: string;
  /** How long its command has been running; 0 while it starts; null when it has none and waits for one. */
  busyMs: number | null;
}

/** How many lanes there may be. */
export interface LaneBounds {
  /** Lanes that use the processor at a time where commands have all processors to themselves, and calculate. */
  least: number;
  /** The same where others work on them too, or nobody knows. */
  usual: number;
  /** The same where processors stand idle while commands wait. */
  fast: number;
  /** All lanes. */
  max: number;
  /** Of these, what commands that lately took long cannot have. */
  reserved: number;
}

const reservedLanes = 32;

/**
 * Lanes by default. On two processors three started a tenth more of `check_dummy` than eight did, as many as four, and the main thread had its turn
 * sooner.
 */
export function defaultBounds(processors: number): LaneBounds {
  const fast = Math.min(maxLanes - reservedLanes, 16 * processors);
  const usual = Math.min(fast, Math.max(4, 4 * processors));
  return { least: Math.min(usual, processors + 1), usual, fast, max: maxLanes, reserved: reservedLanes };
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

/** Of the processors' time, unused: above it there is room for more lanes, below the other there is none. */
const muchIdle = 0.25;
const littleIdle = 0.05;
/** Of the processors' time, the commands': above it they are what fills the processors. */
const muchOwn = 0.5;
/** Of its time, the thread's: above it more lanes only make it slower. */
const busyThread = 0.8;

/**
 * How many lanes may use the processor at a time while commands wait, so many so far. Each one more than there are processors costs what
 * runs its caches, so that `least` do most of what only calculates. What waits for disks and networks leaves processors idle, and more lanes
 * do more of it; and a host that is busy with something else is no reason to have few. Null is what nobody knows.
 */
export function lanesAtOnce(
  so: number,
  use: ProcessorUse | null,
  { least, usual, fast }: Pick<LaneBounds, 'least' | 'usual' | 'fast'>,
): number {
  if (use === null) return so;
  const isFull = use.idle < littleIdle;
  if (isFull && use.own > muchOwn) return Math.max(least, Math.floor(so / 2));
  const isIdle = use.idle > muchIdle;
  const most = isIdle ? fast : usual;
  if (so > most) return isFull ? most : so;
  const isWorthIt = (isIdle || use.own < muchOwn) && use.thread < busyThread;
  return isWorthIt ? Math.min(most, so * 2) : so;
}

/** What `slowAfter` said while the processors were scarce, now that they may not be. */
export function calmer(slowMs: number, use: ProcessorUse | null): number {
  return use !== null && use.idle > muchIdle ? Math.max(leastSlowMs, slowMs / 2) : slowMs;
}

/** Whether an idle lane of `kind` may have a command now: quick ones leave room, or the kind has none under way. */
export function hasTurn(
  kind: string,
  lanes: LaneView[],
  { fast, slowMs }: { fast: number; slowMs: number },
): boolean {
  const quick = lanes.filter(({ busyMs }) => busyMs !== null && busyMs < slowMs);
  return quick.length < fast || !quick.some((lane) => lane.kind === kind);
}

/**
 * How many lanes of `kind` to start for `waiting` commands of it, which no idle lane of their kind can take. Commands that hold a
 * lane for long do not count against `fast`. A kind that has no lane gets one even so.
 */
export function lanesToStart(
  kind: string,
  waiting: number,
  lanes: LaneView[],
  bounds: Pick<LaneBounds, 'fast' | 'max'> & { slowMs: number },
): number {
  const fast = lanes.filter(({ busyMs }) => busyMs !== null && busyMs < bounds.slowMs).length;
  const own = lanes.some((lane) => lane.kind === kind);
  const wanted = Math.max(own ? 0 : 1, bounds.fast - fast);
  return Math.max(0, Math.min(waiting, wanted, bounds.max - lanes.length, stride));
}

/** Orders that a lane gets at a time: each one more costs less than the first, and waits for those before it. */
const mostAtOnce = 64;
/** How long the last of them waits, if all take what is usual. */
const waitMs = 64;
/** Their lines together: a shell reads all before it begins. */
export const mostOrderBytes = 65_536;

/**
 * How many of `waiting` orders, which lately took `usualMs` each, a lane gets at a time, where `lanes` share them: one while there is a lane for
 * each.
 */
export function ordersAtOnce(waiting: number, lanes: number, usualMs: number): number {
  const most = Math.min(mostAtOnce, Math.floor(waitMs / usualMs), Math.ceil(waiting / Math.max(1, lanes)));
  return Math.max(1, most);
}
