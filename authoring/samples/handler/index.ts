import { defineHandler } from 'opsbro/sdk';
import type { Options } from './plugin.d.ts';

export default defineHandler<Options>({
  async handle(ctx, event) {
    const { url, fields } = ctx.options;
    const { key, node, summary, type } = event;
    const response = await ctx.http({
      url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...fields, key, node, type, text: summary, state: event.data.state ?? null }),
    });
    // Throwing makes the agent send it again later.
    if (response.status >= 300) throw new Error(`the service answered ${response.status}`);
  },
});
