import { defineHandler } from 'opsbro/sdk';
import { composeMessage } from './message.ts';
import type { MailOptions } from './options.ts';
import { recipientsOf, rememberLeft } from './recipients.ts';
import { notForNow, sendMail } from './smtp.ts';

/** Sends every event as one mail to all contacts; whom the server refuses for now gets it at a later try, and nobody twice. */
export default defineHandler<MailOptions>({
  async handle(ctx, event) {
    const { options, state } = ctx;
    const message = await composeMessage(ctx, event);
    const to = recipientsOf(state, event.key, options.contacts);
    const refused = await sendMail(ctx, message, to);
    const final = refused.filter(({ isFinal }) => isFinal);
    if (final.length > 0)
      ctx.log.warn('the server refused some addresses', { refused: final.map(({ address }) => address) });
    const left = refused.filter(({ isFinal }) => !isFinal);
    rememberLeft(
      state,
      event.key,
      left.map(({ address }) => address),
    );
    if (left.length > 0) throw notForNow(options, left);
  },
});
