import { defineService } from 'opsbro/sdk';
import { Listener } from './listener.ts';
import type { Options } from './options.ts';

let running: Listener | undefined;

/** Metrics of programs, by the statsd protocol. */
export default defineService<Options>({
  async start(ctx) {
    running = new Listener(ctx);
    ctx.onRequest((request) => running!.answer(request));
    await running.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
