import { defineHandler } from 'opsbro/sdk';
import { composeMessage } from './message.ts';
import type { MailOptions } from './options.ts';
import { sendMail } from './smtp.ts';

/** Sends every event as one mail to all contacts. */
export default defineHandler<MailOptions>({
  async handle(ctx, event) {
    const message = await composeMessage(ctx, event);
    const refused = await sendMail(ctx.options, message, ctx.signal);
    if (refused.length > 0) ctx.log.warn('the server refused some addresses', { refused });
  },
});
