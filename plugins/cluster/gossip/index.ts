import { defineService } from 'opsbro/sdk';
import { openResidence } from './service/open.ts';
import type { Options } from './service/options.ts';
import type { Residence } from './service/residence.ts';

let running: Residence | undefined;

/** This agent as a member of a cluster. A stop is no leave: others see it dead until it is back. */
export default defineService<Options>({
  async start(ctx) {
    running = await openResidence(ctx);
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
