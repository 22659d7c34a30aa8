import { defineService } from 'opsbro/sdk';
import type { Options } from './options.ts';
import { Graphite } from './service.ts';

let running: Graphite | undefined;

/** The history of metrics, and Graphite's protocols. */
export default defineService<Options>({
  async start(ctx) {
    const graphite = new Graphite(ctx);
    running = graphite;
    ctx.onRequest((request) => graphite.answer(request));
    await graphite.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
