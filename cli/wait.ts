import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpsbroError } from '../core/errors.ts';

/** What one look at the agent came to. */
export type Sighting<T> = { done: true; value: T } | { done: false; why: string };

/**
 * Looks until `look` is done or `timeoutSeconds` have passed, then throws OPSBRO_CLI_TIMEOUT with `what` and the last reason. The first
 * looks come quickly, later ones twice a second. What `look` throws ends the wait; but an agent that answered before may be away for a
 * restart.
 */
export async function waitUntil<T>(
  what: string,
  timeoutSeconds: number,
  look: () => Promise<Sighting<T>>,
): Promise<T> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  let pauseMs = 50;
  let answered = false;
  for (;;) {
    const sighting = await look().catch((error: unknown): Sighting<T> => {
      if (!answered || !isNotRunning(error)) throw error;
      return { done: false, why: error.message };
    });
    answered = true;
    if (sighting.done) return sighting.value;
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new OpsbroError(
        'OPSBRO_CLI_TIMEOUT',
        `waited ${timeoutSeconds} s until ${what}; ${sighting.why}`,
      );
    }
    await sleep(Math.min(pauseMs, left));
    pauseMs = Math.min(pauseMs * 1.5, 500);
  }
}

/** True for the error of a request that found no agent. */
export function isNotRunning(error: unknown): error is OpsbroError {
  return error instanceof OpsbroError && error.code === 'OPSBRO_AGENT_NOT_RUNNING';
}
