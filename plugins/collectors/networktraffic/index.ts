import { counterChange, counterSample, defineCollector, type Tree } from 'opsbro/sdk';
import { flatCounters, interfaceTree, isExcluded, parseNetDev } from './net-dev.ts';

/** Sixteen counters of so many interfaces stay well below the size of `ctx.state`. */
const maxInterfaces = 400;

export default defineCollector<{ exclude: string[] }>({
  async collect(ctx) {
    // A container that watches its host has a network of its own under /proc/net; the host's is that of its first process.
    const path = ctx.env('HOST_PROC') === undefined ? '/proc/net/dev' : '/proc/1/net/dev';
    const text = await ctx.tryReadText(path);
    if (text === undefined) return ctx.notEligible(`${path} is not readable`);
    const all = [...parseNetDev(text)].filter(([name]) => !isExcluded(name, ctx.options.exclude));
    if (all.length === 0) return ctx.notEligible(`${path} lists no interface`);
    const interfaces = new Map(all.slice(0, maxInterfaces));
    if (all.length > maxInterfaces)
      ctx.log.warn('more interfaces than are watched', { found: all.length, watched: maxInterfaces });
    const sample = counterSample(ctx.clock, flatCounters(interfaces));
    const change = counterChange(ctx.state.sample, sample);
    ctx.state.sample = sample;
    const tree: Tree = {};
    for (const [name, counters] of interfaces) tree[name] = interfaceTree(name, counters, change);
    return tree;
  },
});
