import { defineService } from 'opsbro/sdk';
import type { Options } from './options.ts';
import { WebExporter } from './web-exporter.ts';

/** The web page of the agent, badges and a status page. */
export default defineService<Options>({
  async start(ctx) {
    const web = await WebExporter.open(ctx);
    ctx.onRequest((request) => web.answer(request));
  },
  stop() {
    // It holds nothing but memory.
  },
});
