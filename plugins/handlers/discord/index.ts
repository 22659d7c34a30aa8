import { defineHandler, deliver } from 'opsbro/sdk';
import { messageOf, versionedUrl } from './message.ts';

interface Options {
  webhook_url: string;
  username: string;
  ca_file: string;
}

/** Posts every event as one message. */
export default defineHandler<Options>({
  async handle(ctx, event) {
    const { webhook_url, username, ca_file: caFile } = ctx.options;
    await deliver(ctx, { url: versionedUrl(webhook_url), caFile, json: messageOf(username, event) });
  },
});
