import { defineService } from 'opsbro/sdk';
import { Broadcaster } from './broadcaster.ts';
import type { Options } from './options.ts';

let running: Broadcaster | undefined;

/** What changes, told live. */
export default defineService<Options>({
  async start(ctx) {
    running = new Broadcaster(ctx);
    await running.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
