import { defineHandler, deliver } from 'opsbro/sdk';
import { authorization, messageOf, type NtfyOptions } from './message.ts';

/** Publishes every event as one message. */
export default defineHandler<NtfyOptions>({
  async handle(ctx, event) {
    const { topic, server: url, token, password, ca_file: caFile } = ctx.options;
    const headers = authorization(ctx.options) as { [name: string]: string };
    await deliver(ctx, {
      url,
      headers,
      caFile,
      json: messageOf(topic, event),
      secrets: [topic, token, password],
    });
  },
});
