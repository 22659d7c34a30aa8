import { defineHandler, deliver } from 'opsbro/sdk';
import { messageOf } from './card.ts';

interface Options {
  webhook_url: string;
  ca_file: string;
}

/** Posts every event as one card. */
export default defineHandler<Options>({
  async handle(ctx, event) {
    const { webhook_url: url, ca_file: caFile } = ctx.options;
    await deliver(ctx, { url, caFile, json: messageOf(event) });
  },
});
