import { defineCollector } from 'opsbro/sdk';
import { parseLoadavg } from './loadavg.ts';

export default defineCollector({
  async collect(ctx) {
    const text = await ctx.tryReadText('/proc/loadavg');
    const load = text === undefined ? undefined : parseLoadavg(text);
    return load ?? ctx.notEligible('/proc/loadavg is not readable or holds no averages');
  },
});
