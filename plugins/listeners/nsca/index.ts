import { defineService } from 'opsbro/sdk';
import type { Options } from './options.ts';
import { Nsca } from './service.ts';

let running: Nsca | undefined;

/** The server of the NSCA protocol: results that send_nsca sends become checks. */
export default defineService<Options>({
  async start(ctx) {
    const nsca = new Nsca(ctx);
    running = nsca;
    ctx.onRequest(() => ({ status: 200, body: nsca.figures() }));
    await nsca.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
