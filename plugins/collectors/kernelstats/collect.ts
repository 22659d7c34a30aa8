import { type Context, counterChange, counterSample, type Tree } from 'opsbro/sdk';
import { parseCounters, rated, ratesOf } from './counters.ts';

/** Resolves after `ms`, rejects when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const shortestSpanMs = 200;

/**
 * Counters, and rates since the previous run; without one to trust, or when it was a moment ago, over a span of 200 ms.
 * `ctx.state.sample` holds the rated counters.
 */
export async function collectKernel(ctx: Context, pause: Pause): Promise<Tree> {
  let { counters, sample } = await read(ctx);
  let change = counterChange(ctx.state.sample, sample);
  if (change === undefined || change.seconds * 1000 < shortestSpanMs) {
    const first = sample;
    await pause(shortestSpanMs, ctx.signal);
    ({ counters, sample } = await read(ctx));
    change = counterChange(first, sample);
  }
  ctx.state.sample = sample;
  return change === undefined ? counters : Object.assign(counters, ratesOf(change.deltas, change.seconds));
}

async function read(ctx: Context) {
  const [stat, vmstat] = await Promise.all([
    ctx.tryReadText('/proc/stat', { maxBytes: 16 * 1024 * 1024 }),
    ctx.tryReadText('/proc/vmstat'),
  ]);
  const counters = parseCounters(vmstat ?? '', parseCounters(stat ?? ''));
  if (Object.keys(counters).length === 0)
    return ctx.notEligible('neither /proc/stat nor /proc/vmstat holds counters');
  const growing: { [key: string]: number } = {};
  for (const name of rated) if (counters[name] !== undefined) growing[name] = counters[name];
  return { counters, sample: counterSample(ctx.clock, growing) };
}
