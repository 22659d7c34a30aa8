import { defineCollector, type Tree } from 'opsbro/sdk';
import { parseFileNumbers } from './file-numbers.ts';
import type { Options } from './plugin.d.ts';

export default defineCollector<Options>({
  async collect(ctx) {
    const { used, max } = parseFileNumbers(await ctx.readText('/proc/sys/fs/file-nr'));
    const values: Tree = { used, max };
    if (ctx.options.percent) values.used_percent = Math.round((1000 * used) / max) / 10;
    return values;
  },
});
