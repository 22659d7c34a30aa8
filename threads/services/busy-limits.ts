import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';
import { hasYoungLimit, threadLimits } from '../lane-memory.ts';

/** Three times what a thread that serves many at a time gets for its new objects, MiB. */
const busyYoungMiB = 24;

/** How much may come to a heap, in percent of what was left after the last collection. */
const growingPercent = 30;

/**
 * The limits of a thread that serves thousands of requests a second. With the small heap of others it spent a quarter of its time collecting garbage:
 * its young generation begins as large as it may be, since the launcher has none grow, and heaps are no longer kept small, which is a flag of the whole
 * process. They grow slowly all the same: with a hundred thousand services what V8 lets a heap grow by was as much as all of them take.
 */
export function busyThreadLimits(heapMiB: number): ResourceLimits {
  setFlagsFromString('--no-optimize-for-size');
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
  if (hasYoungLimit) {
    // What the flag above had set along with itself, and does not take back. Read as a thread starts; those with a smaller limit keep to that.
    setFlagsFromString('--max-semi-space-size=0');
    setFlagsFromString(`--min-semi-space-size=${busyYoungMiB / 3}`);
  }
  return threadLimits(heapMiB, busyYoungMiB);
}
