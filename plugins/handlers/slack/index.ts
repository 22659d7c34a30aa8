import { DeliveryError, defineHandler } from 'opsbro/sdk';
import { postMessage, postToWebhook, type SlackOptions } from './api.ts';
import { attachmentsOf } from './message.ts';

/** Posts every event as one message. */
export default defineHandler<SlackOptions>({
  async handle(ctx, event) {
    const attachments = attachmentsOf(event);
    if (ctx.options.webhook_url !== '') return postToWebhook(ctx, attachments);
    const token = ctx.options.token || (ctx.env('SLACK_TOKEN') ?? '');
    if (token === '')
      throw new DeliveryError(
        "slack: give 'token' or 'webhook_url', or SLACK_TOKEN in the agent's environment",
        {
          permanent: true,
        },
      );
    await postMessage(ctx, token, attachments);
  },
});
