import { defineService } from 'opsbro/sdk';
import type { Options } from './options.ts';
import { NagiosPipe } from './service.ts';

let running: NagiosPipe | undefined;

/** A FIFO like Nagios' external command file: passive results that are written there become checks. */
export default defineService<Options>({
  async start(ctx) {
    const pipe = new NagiosPipe(ctx);
    running = pipe;
    ctx.onRequest(() => ({ status: 200, body: pipe.figures() }));
    await pipe.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
