import { defineHandler, type HandlerEvent, type JsonObject, type Log } from 'opsbro/sdk';

interface Options {
  level: keyof Log;
}

/** The event's own fields last, so that no key of its data can pass for one of them. */
function fieldsOf(event: HandlerEvent): JsonObject {
  const { data, key, type, at, node } = event;
  return { ...data, key, type, at: new Date(at).toISOString(), node };
}

/** Logs every event with its summary as the message and its data as fields. */
export default defineHandler<Options>({
  handle(ctx, event) {
    ctx.log[ctx.options.level](event.summary, fieldsOf(event));
  },
});
