import type { TimerClock } from '../../core/clock.ts';
import { moreMs, type ThreadTimes, timesSince } from './starvation.ts';

/** A look that comes so much later than it should: the whole process stood still, as when a signal stops it. */
const leastStandstillMs = 1000;
/** So often a run gets its time anew because of that. */
const mostStandstills = 3;
const newborn: ThreadTimes = { usedMs: 0, waitedMs: 0 };

/** How long the whole process stood still, by how much too late a look came; 0 when it did not. */
export function standstillMs(lateMs: number): number {
  return lateMs >= leastStandstillMs ? lateMs : 0;
}

/**
 * Calls `end` once the time of a run is up, of which what its thread waited for a processor is no part. `times` tells what the scheduler counted of
 * that thread; of one that is just being started (`isNewborn`) nothing yet. Returns how to cancel it.
 */
export function endAfter(
  limitMs: number,
  clock: TimerClock,
  times: () => ThreadTimes | undefined,
  end: () => void,
  isNewborn = false,
): () => void {
  let since = clock.monotonic();
  let before = isNewborn ? newborn : times();
  let dueMs = 0;
  let cancel: () => void = () => undefined;
  let isLast = false;
  let standstills = 0;
  const lookAfter = (delayMs: number): void => {
    dueMs = clock.monotonic() + delayMs;
    cancel = clock.after(delayMs, look);
  };
  const look = (): void => {
    const now = clock.monotonic();
    if (standstillMs(now - dueMs) > 0 && standstills < mostStandstills) {
      // When it began to stand still nobody knows.
      standstills += 1;
      since = now;
      before = times();
    }
    const more = moreMs(limitMs, now - since, timesSince(before, times()).waitedMs);
    if (isLast && more === 0) {
      end();
      return;
    }
    // Timers are the first that a loop sees which was late itself: a result may have come that is not heard yet.
    isLast = more === 0;
    lookAfter(Math.max(1, more));
  };
  lookAfter(limitMs);
  return () => cancel();
}
