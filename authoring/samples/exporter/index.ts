import { defineExporter } from 'opsbro/sdk';
import { linesOf } from './lines.ts';
import type { Options } from './plugin.d.ts';

export default defineExporter<Options>({
  async export(ctx, facts) {
    const { host, port, prefix } = ctx.options;
    const lines = linesOf(facts.samples, [prefix, facts.node.name], Math.floor(facts.at / 1000));
    const graphite = await ctx.tcp(host, port);
    for (let at = 0; at < lines.length; at += 500) await graphite.write(lines.slice(at, at + 500).join(''));
    graphite.close();
  },
});
