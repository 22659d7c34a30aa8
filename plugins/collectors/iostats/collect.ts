import { type Context, counterChange, counterSample, type Tree } from 'opsbro/sdk';
import { diskDeltas, diskRates } from './disk-rates.ts';
import { flatCounters, isExcluded, isPartitionName, parseDiskstats } from './diskstats.ts';

/** Options of the collector: patterns of disks to leave out. */
export interface IoOptions {
  exclude: string[];
}

/** Resolves after `ms`, rejects when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const shortestSpanMs = 200;

/** Sixteen counters of so many disks stay well below the size of `ctx.state`. */
const maxDisks = 400;

/**
 * Figures of each whole disk since the previous run; without one to trust, or when it was a moment ago, over a span of 200 ms.
 * `ctx.state.sample` holds the counters.
 */
export async function collectIo(ctx: Context<IoOptions>, pause: Pause): Promise<Tree> {
  let { disks, sample } = await read(ctx);
  let change = counterChange(ctx.state.sample, sample);
  if (change === undefined || change.seconds * 1000 < shortestSpanMs) {
    const first = sample;
    await pause(shortestSpanMs, ctx.signal);
    ({ disks, sample } = await read(ctx));
    change = counterChange(first, sample);
  }
  ctx.state.sample = sample;
  const tree: Tree = {};
  for (const [name, { in_progress = 0, ...counters }] of disks) {
    const rates = change && diskRates(diskDeltas(name, change.deltas), change.seconds);
    tree[name] = { ...rates, in_progress, counters };
  }
  return tree;
}

async function read(ctx: Context<IoOptions>) {
  const text = await ctx.tryReadText('/proc/diskstats');
  if (text === undefined) return ctx.notEligible('/proc/diskstats is not readable');
  const whole = await wholeDisks(ctx);
  const isWanted = (name: string) =>
    !isExcluded(name, ctx.options.exclude) && (whole?.has(name) ?? !isPartitionName(name));
  const found = [...parseDiskstats(text, isWanted)];
  if (found.length === 0) return ctx.notEligible('/proc/diskstats lists no disk');
  if (found.length > maxDisks)
    ctx.log.warn('more disks than are watched', { found: found.length, watched: maxDisks });
  const disks = new Map(found.slice(0, maxDisks));
  return { disks, sample: counterSample(ctx.clock, flatCounters(disks)) };
}

/** The disks `/sys/block` names, which has no partitions; undefined when it cannot be listed. It writes `!` for `/`. */
async function wholeDisks(ctx: Context<IoOptions>): Promise<Set<string> | undefined> {
  try {
    const entries = await ctx.list('/sys/block');
    return new Set(entries.map((entry) => entry.name.replaceAll('!', '/')));
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return undefined;
  }
}
