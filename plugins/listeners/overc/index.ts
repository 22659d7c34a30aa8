import { defineService } from 'opsbro/sdk';
import type { Options } from './options.ts';
import { Overc } from './service.ts';

let running: Overc | undefined;

/** The push server: OverC's protocol, pings by URL, supervision. */
export default defineService<Options>({
  async start(ctx) {
    const overc = new Overc(ctx);
    running = overc;
    ctx.onRequest((request) => overc.answer(request));
    await overc.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
