import type { ExactStore, Json } from 'opsbro/sdk';

const perRead = 1000;

/** Takes what is between two keys, in their order, a thousand at a time: others have their turn in between. */
export async function pages(
  store: ExactStore,
  from: string,
  to: string,
  take: (found: [string, Json][]) => void | Promise<void>,
): Promise<void> {
  for (let after = from; ; ) {
    const found = await store.range({ gt: after, lt: to, limit: perRead });
    // One that is not full may have had what cannot be read.
    if (found.length === 0) return;
    await take(found);
    after = found.at(-1)?.[0] as string;
  }
}
