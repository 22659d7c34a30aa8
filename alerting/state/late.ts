import type { Observation } from '../model.ts';

const roundsToKeep = 3;
/** On a busy machine a run may wait for seconds. */
const leastMs = 10_000;

/** How old what an object found may be, ms: a round is its interval, or its timeout where that is longer. */
export function lateAfterMs({ intervalMs, timeoutMs }: { intervalMs: number; timeoutMs: number }): number {
  return Math.max(leastMs, roundsToKeep * Math.max(intervalMs, timeoutMs));
}

/** How old what a collector found may get while its runs fail, ms: it says itself that nothing comes, so its timeout does not matter. */
export function failedAfterMs({ intervalMs }: { intervalMs: number }): number {
  return roundsToKeep * intervalMs;
}

/** How long a rule waits for a collector that is about to run for the first time, ms: a start takes longer than three rounds of a quick one. */
export function firstWaitMs({ intervalMs }: { intervalMs: number }): number {
  return Math.max(leastMs, roundsToKeep * intervalMs);
}

/** What a rule found, where a collector it read gave nothing new for so long that its data is late. */
export function ofLateData(found: Observation, collector: string, ageMs: number): Observation {
  const silence = `collector ${collector} gave nothing new for ${seconds(ageMs)}`;
  return { ...found, output: `${silence}; its last data said: ${found.output}`, late: 'data' };
}

/** What is said of a check whose runs do not come. */
export function ofLateRun(ageMs: number, intervalMs: number): Observation {
  const output = `no result for ${seconds(ageMs)}, expected every ${seconds(intervalMs)}`;
  return { state: 'unknown', output, late: 'run' };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
