import { defineHandler, deliver } from 'opsbro/sdk';
import { messageOf, type TelegramOptions } from './message.ts';

/** Sends every event as one message. */
export default defineHandler<TelegramOptions>({
  async handle(ctx, event) {
    const { token, endpoint, ca_file: caFile } = ctx.options;
    const url = `${endpoint.replace(/\/$/, '')}/bot${token}/sendMessage`;
    await deliver(ctx, { url, caFile, json: messageOf(ctx.options, event), secrets: [token] });
  },
});
