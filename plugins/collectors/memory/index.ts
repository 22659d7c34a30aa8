import { defineCollector } from 'opsbro/sdk';
import { parseMeminfo, summarise } from './meminfo.ts';

export default defineCollector({
  async collect(ctx) {
    const text = await ctx.tryReadText('/proc/meminfo');
    if (text === undefined) return ctx.notEligible('/proc/meminfo is not readable');
    const counters = parseMeminfo(text);
    if (!counters.memtotal || counters.memfree === undefined)
      return ctx.notEligible('/proc/meminfo names no memory');
    return { ...summarise(counters), ...counters };
  },
});
