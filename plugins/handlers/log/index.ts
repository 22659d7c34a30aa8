import { defineHandler, type HandlerEvent, type JsonObject, type Log } from 'opsbro/sdk';

interface Options {
  level: keyof Log;
}

/** What of an event's data a reader wants beside its summary; the rest is in the history and in the outbox. */
const shown = ['check', 'group', 'state', 'old_state', 'trouble', 'subject', 'change', 'repeat'];

/** The event's own fields last, so that no key of its data can pass for one of them. What says nothing is left out. */
function fieldsOf({ data, key, type }: HandlerEvent): JsonObject {
  const told = shown.flatMap((name) => {
    const value = data[name];
    const isSaying = typeof value === 'string' ? value !== '' : typeof value === 'number' && value !== 0;
    return isSaying ? [[name, value] as const] : [];
  });
  return { ...Object.fromEntries(told), type, key };
}

/** Logs every event with its summary as the message and the few of its fields that tell events apart. */
export default defineHandler<Options>({
  handle(ctx, event) {
    ctx.log[ctx.options.level](event.summary, fieldsOf(event));
  },
});
