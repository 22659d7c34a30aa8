import { defineHandler, deliver } from 'opsbro/sdk';
import { messageOf, newChatOf, type TelegramOptions } from './message.ts';

/** Sends every event as one message, to the supergroup that the group has become where it has. */
export default defineHandler<TelegramOptions>({
  async handle(ctx, event) {
    const { token, endpoint, ca_file: caFile } = ctx.options;
    const url = `${endpoint.replace(/\/$/, '')}/bot${token}/sendMessage`;
    const send = (options: TelegramOptions) =>
      deliver(ctx, { url, caFile, json: messageOf(options, event), secrets: [token] });
    await send(ctx.options).catch((thrown: unknown) => {
      const chat_id = newChatOf(thrown);
      if (chat_id === undefined) throw thrown;
      ctx.log.warn('the group has become a supergroup; its new id belongs into chat_id', { chat_id });
      return send({ ...ctx.options, chat_id });
    });
  },
});
