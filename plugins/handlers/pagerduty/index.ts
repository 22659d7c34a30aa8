import { defineHandler, deliver, tellEach } from 'opsbro/sdk';
import { pagerDutyEvents } from './events.ts';

interface Options {
  routing_key: string;
  endpoint: string;
  origin: string;
  ca_file: string;
}

/** Sends what an event is to PagerDuty; to send it twice changes nothing. */
export default defineHandler<Options>({
  async handle(ctx, event) {
    const { routing_key, endpoint: url, origin, ca_file: caFile } = ctx.options;
    await tellEach(ctx, event, pagerDutyEvents(event, origin), (sent) =>
      deliver(ctx, { url, caFile, json: { routing_key, ...sent }, secrets: [routing_key] }),
    );
  },
});
