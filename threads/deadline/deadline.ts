import type { TimerClock } from '../../core/clock.ts';
import { moreMs, type ThreadTimes, timesSince } from './starvation.ts';

/**
 * Calls `end` once the time of a run is up, of which what its thread waited for a processor is no part. `times` tells what the scheduler counted of
 * that thread. Returns how to cancel it.
 */
export function endAfter(
  limitMs: number,
  clock: TimerClock,
  times: () => ThreadTimes | undefined,
  end: () => void,
): () => void {
  const since = clock.monotonic();
  const before = times();
  let isLast = false;
  const look = (): void => {
    const more = moreMs(limitMs, clock.monotonic() - since, timesSince(before, times()).waitedMs);
    if (isLast && more === 0) {
      end();
      return;
    }
    // Timers are the first that a loop sees which was late itself: a result may have come that is not heard yet.
    isLast = more === 0;
    cancel = clock.after(Math.max(1, more), look);
  };
  let cancel = clock.after(limitMs, look);
  return () => cancel();
}
