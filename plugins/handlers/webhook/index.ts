import { defineHandler, deliver } from 'opsbro/sdk';
import { composeBody, headersOf, type WebhookOptions } from './request.ts';

/** Sends every event as one request. */
export default defineHandler<WebhookOptions>({
  async handle(ctx, event) {
    const { url, method, headers, secret, ca_file: caFile } = ctx.options;
    const body = await composeBody(ctx, event);
    await deliver(ctx, {
      url,
      method,
      headers: headersOf(ctx.options, event, body, ctx.clock.now()),
      body,
      caFile,
      // A service may say back the token without the scheme before it.
      secrets: [secret, ...Object.values(headers).flatMap((value) => [value, ...value.split(' ')])],
    });
  },
});
