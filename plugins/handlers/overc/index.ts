import { type Context, DeliveryError, defineHandler, type HandlerEvent } from 'opsbro/sdk';
import { type AlertPlugin, failureOf, type Options, pluginsOf } from './alert-plugins.ts';
import { textsOf } from './event-texts.ts';

/** Plugins that run at the same time; a thread holds eight programs. */
const atOnce = 4;
/** Events of which it is known who has been told. */
const mostKept = 50;

/** Who was told of an event that has to be told again. */
interface Told {
  key: string;
  plugins: string[];
  /** The others were told that some failed. */
  failureTold: boolean;
}

/** Gives each plugin what happened. Of those that fail all are told once; the event is tried again for those alone. */
export default defineHandler<Options>({
  async handle(ctx, event) {
    const texts = textsOf(event);
    if (texts.length === 0) return;
    const plugins = await pluginsOf(ctx);
    const kept = (ctx.state.told ?? []) as unknown as Told[];
    const told = kept.find(({ key }) => key === event.key) ?? {
      key: event.key,
      plugins: [],
      failureTold: false,
    };
    const failures = await tell(
      ctx,
      plugins.filter(({ name }) => !told.plugins.includes(name)),
      texts.join(''),
      (name) => told.plugins.push(name),
    );
    const others = kept.filter(({ key }) => key !== event.key);
    ctx.state.told = others as never;
    if (failures.length === 0) return;
    if (!told.failureTold) await tellFailure(ctx, plugins, failures.join('\n'), event);
    ctx.state.told = [...others, { ...told, failureTold: true }].slice(-mostKept) as never;
    throw new DeliveryError(failures.join('\n'));
  },
});

/** Runs plugins, a few at a time; gives what went wrong. */
async function tell(
  ctx: Context<Options>,
  plugins: AlertPlugin[],
  text: string,
  done: (name: string) => void,
): Promise<string[]> {
  const failures: string[] = [];
  for (let from = 0; from < plugins.length; from += atOnce)
    await Promise.all(
      plugins.slice(from, from + atOnce).map(async (plugin) => {
        const failure = await failureOf(ctx, plugin, text);
        if (failure === undefined) done(plugin.name);
        else failures.push(failure);
      }),
    );
  return failures;
}

/** Tells all that some failed; who fails at that is only written down. */
async function tellFailure(
  ctx: Context<Options>,
  plugins: AlertPlugin[],
  text: string,
  { key }: HandlerEvent,
): Promise<void> {
  let count = 0;
  const failures = await tell(ctx, plugins, `${text}\n`, () => {
    count += 1;
  });
  if (count === 0) ctx.log.error(`NONE of the plugins could send the message: ${text}`, { event: key });
  for (const failure of failures) ctx.log.error(failure, { event: key });
}
