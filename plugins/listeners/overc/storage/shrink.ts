import type { ExactStore, Json } from 'opsbro/sdk';

const perRead = 1000;
/** It is cut to this share of its limit, so that it is not cut all the time. */
const share = 0.9;

/** What may be cut, each with where its time is. */
const kinds = [
  { from: 'r/', to: 'r0', at: 1 },
  { from: 'g/', to: 'g0', at: 4 },
  { from: 'a/', to: 'a0', at: 3 },
] as const;

/** Removes what is oldest of rows, runs and alerts until about nine tenths of the limit are left. */
export async function shrink(store: ExactStore, sizeBytes: number, limitBytes: number): Promise<void> {
  let toFree = sizeBytes - limitBytes * share;
  const ends = new Map<string, string>();
  while (toFree > 0) {
    const heads = await Promise.all(
      kinds.map(async (kind) => ({ kind, head: await oldest(store, kind.from, kind.to) })),
    );
    const [first] = heads
      .flatMap(({ kind, head }) => (head === undefined ? [] : [{ kind, at: timeIn(head[1], kind.at) }]))
      .sort((a, b) => a.at - b.at);
    if (first === undefined) break;
    const { kind } = first;
    const found = await store.range({ gte: kind.from, lt: kind.to, limit: perRead });
    const del: string[] = [];
    for (const [key, value] of found) {
      if (toFree <= 0) break;
      toFree -= key.length + JSON.stringify(value).length;
      del.push(key);
    }
    await store.putLazy({ del });
    ends.set(kind.from, del.at(-1) as string);
  }
  await store.flush();
  for (const [from, end] of ends) await store.compact(from, `${end}~`);
}

async function oldest(store: ExactStore, from: string, to: string): Promise<[string, Json] | undefined> {
  return (await store.range({ gte: from, lt: to, limit: 1 }))[0];
}

function timeIn(value: Json, index: number): number {
  return Array.isArray(value) ? Number(value[index]) : 0;
}
