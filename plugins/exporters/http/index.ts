import { defineService } from 'opsbro/sdk';
import { HttpExporter } from './http-exporter.ts';
import type { Options } from './options.ts';

let running: HttpExporter | undefined;

/** The route table of the agent over TCP. */
export default defineService<Options>({
  async start(ctx) {
    running = new HttpExporter(ctx);
    await running.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
