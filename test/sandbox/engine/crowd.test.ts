import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { outcome, Sandboxes } from './sandboxes.ts';

/** The priorities of all threads of this process. */
function niceOfThreads(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      const text = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
      return [Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16])];
    } catch {
      return [];
    }
  });
}

it('gives twelve plugins that burn a processor at once six threads, four of which give way to the agent, and each its own failure', async () => {
  const crowd = new Sandboxes();
  const burns = Array.from({ length: 12 }, (_, index) =>
    crowd.collect('await ctx.readText("/echo", 1); for (;;);', {
      plugin: `collector/burns-${index}`,
      timeoutMs: 60_000,
      // Every second one may burn for so long that it runs apart.
      limits: index % 2 === 0 ? { cpuMs: 50 } : { cpuMs: 50, cpuPerMinuteMs: 16_000 },
    }),
  );
  const healthy = crowd.yields('return { up: 1 };', { plugin: 'collector/healthy', timeoutMs: 60_000 });
  const sizes = new Set<number>();
  const look = setInterval(() => sizes.add(crowd.pool.size), 5);
  await expect.poll(niceOfThreads, { interval: 5, timeout: 20_000 }).toContain(getPriority() + 5);
  const ends = await Promise.all(burns);
  clearInterval(look);
  expect(ends.map(outcome).filter((code) => code !== 'OPSBRO_PLUGIN_BUDGET')).toEqual([]);
  expect(await healthy).toEqual({ up: 1 });
  expect(Math.max(...sizes)).toBe(6);
  await crowd.close();
});
