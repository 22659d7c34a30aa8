const tolerated = 2;
const maxDelayMs = 300_000;

/**
 * How long after a run the next one waits, for an object whose last `failures` runs failed in a row: nothing for the first two,
 * then the interval doubled at each failure, at most five minutes (or the interval, where that is longer).
 */
export function backOffMs(failures: number, intervalMs: number): number {
  if (failures <= tolerated) return 0;
  const doubled = intervalMs * 2 ** Math.min(failures - tolerated, 20);
  return Math.max(intervalMs, Math.min(doubled, maxDelayMs));
}
