import { defineCheck, readQuantity } from 'opsbro/sdk';
import type { Options } from './plugin.d.ts';

export default defineCheck<Options>({
  async check(ctx) {
    const seconds = Math.floor(Number.parseFloat(await ctx.readText('/proc/uptime')));
    if (Number.isNaN(seconds)) throw new Error('/proc/uptime holds no number');
    const { warning, critical } = ctx.options;
    const isBelow = (limit: string | undefined) => limit !== undefined && seconds < readQuantity(limit);
    return {
      state: isBelow(critical) ? 'critical' : isBelow(warning) ? 'warning' : 'ok',
      output: `started ${seconds} seconds ago`,
      metrics: { uptime: { value: seconds, unit: 's' } },
    };
  },
});
