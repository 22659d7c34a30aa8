import { defineService } from 'opsbro/sdk';
import { Connector } from './connector.ts';
import type { Options } from './options.ts';

let running: Connector | undefined;

/** Data sources of Grafana for the nodes of the cluster. */
export default defineService<Options>({
  start(ctx) {
    running = new Connector(ctx);
    running.start();
  },
  async stop() {
    await running?.stop();
    running = undefined;
  },
});
