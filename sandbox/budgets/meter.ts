import { threadMs } from '../../threads/quickjs/thread-time.ts';

/**
 * Begins to measure this thread's processor time, ms; what it gives tells how much has passed. The kernel counts at its ticks: between two of
 * them nothing else ran, and the wall clock is as good; over more of them its count may hold time from before.
 */
export function startMeter(): () => number {
  const wall = performance.now();
  const started = threadMs();
  return () => {
    const counted = threadMs() - started;
    const passed = performance.now() - wall;
    return counted === 0 ? passed : Math.min(counted, passed);
  };
}
