import { defineService } from 'opsbro/sdk';
import { Exporter } from './exporter.ts';
import type { Options } from './options.ts';
import { realAfter } from './timers.ts';

let running: Exporter | undefined;

/** The nodes of the cluster and their checks, in a monitoring tool. */
export default defineService<Options>({
  start(ctx) {
    running = new Exporter(ctx, realAfter);
    running.start();
  },
  async stop() {
    await running?.stop();
    running = undefined;
  },
});
