import { type Context, counterChange, counterSample, type Tree } from 'opsbro/sdk';
import { type CpuTicks, flatCounters, parseStat, percentages } from './stat.ts';

/** Resolves after `ms`, rejects when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const shortestSpanMs = 200;

/**
 * Percentages since the previous run. Without one to trust they are since boot, as the first line of vmstat(8) has them: a span of its own would
 * measure the start of the agent. When the previous run was a moment ago, over a span of 200 ms. `ctx.state.sample` holds the counters.
 */
export async function collectCpu(ctx: Context, pause: Pause): Promise<Tree> {
  let { cpus, sample } = await read(ctx);
  let change = counterChange(ctx.state.sample, sample);
  if (change !== undefined && change.seconds * 1000 < shortestSpanMs) {
    const first = sample;
    await pause(shortestSpanMs, ctx.signal);
    ({ cpus, sample } = await read(ctx));
    change = counterChange(first, sample);
  }
  ctx.state.sample = sample;
  return cpuTree(cpus, change?.deltas ?? flatCounters(cpus));
}

function cpuTree(cpus: Map<string, CpuTicks>, deltas: { [key: string]: number }): Tree {
  const tree: Tree = {};
  for (const name of cpus.keys()) {
    const shares = percentages(deltas, name);
    if (shares !== undefined) tree[name] = shares;
    if (shares !== undefined && name === 'cpu_all') tree.cpuall = { ...shares };
  }
  const all = cpus.get('cpu_all');
  if (all !== undefined) tree.ticks = { ...all };
  return tree;
}

async function read(ctx: Context) {
  const text = await ctx.tryReadText('/proc/stat', { maxBytes: 16 * 1024 * 1024 });
  if (text === undefined) return ctx.notEligible('/proc/stat is not readable');
  const cpus = parseStat(text);
  if (cpus.size === 0) return ctx.notEligible('/proc/stat has no cpu line');
  return { cpus, sample: counterSample(ctx.clock, flatCounters(cpus)) };
}
