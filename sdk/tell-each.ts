import type { Context, HandlerEvent } from './context.ts';

/**
 * Tells of one item of an event after the other. When `tell` throws, the next try of the same event goes on with the item that failed, so that
 * nothing is told twice; when another event of several items failed in between, from the beginning. `items` must be the same at each try.
 * Keeps `ctx.state.told`; an event of one item leaves the state as it is.
 * @example await tellEach(ctx, event, alertsOf(event), (alert) => deliver(ctx, { url, json: alert }));
 */
export async function tellEach<Item>(
  ctx: Pick<Context<unknown>, 'state'>,
  { key }: HandlerEvent,
  items: readonly Item[],
  tell: (item: Item) => Promise<unknown>,
): Promise<void> {
  const { state } = ctx;
  const told = state.told as { key?: unknown; count?: unknown } | undefined;
  const isAgain = told?.key === key;
  let count = isAgain ? Number(told?.count) : 0;
  for (const item of items.slice(count)) {
    await tell(item);
    count += 1;
    if (count < items.length) state.told = { key, count };
  }
  if (items.length > 1) delete state.told;
}
