import type { ExactStore, Json } from 'opsbro/sdk';
import { keyOf, readReport } from './records.ts';
import { type Roster, reportsKept, slotOf } from './rosters.ts';

const perRead = 1000;
/** Reports may be long, so few are read at a time. */
const reportsPerRead = 50;
/** It is cut to this share of its limit, so that it is not cut all the time. */
const share = 0.9;

/** What may be cut beside reports, each with where its time is. */
const kinds = [
  { from: 'g/', to: 'g0', at: 4 },
  { from: 'a/', to: 'a0', at: 3 },
  { from: 'i/', to: 'i0', at: 0 },
] as const;

/** Where reports are kept, as it is now: more come while others are removed. */
type Ring = Pick<Roster, 'id' | 'count' | 'kept'>;

/** The oldest report of a ring. */
interface Oldest {
  ring: Ring;
  number: number;
  at: number;
  sizeBytes: number;
}

/**
 * Removes what is oldest of reports, runs and alerts until about nine tenths of the limit are left. Of reports only those that a start need not read: the
 * next one after a gap would be lost to it.
 */
export async function shrink(
  store: ExactStore,
  rosters: readonly Ring[],
  sizeBytes: number,
  limitBytes: number,
): Promise<void> {
  let toFree = sizeBytes - limitBytes * share;
  const ends = new Map<string, string>();
  let reports = await firsts(
    store,
    rosters.map((ring) => ({ ring, number: 0, at: 0, sizeBytes: 0 })),
  );
  while (toFree > 0) {
    const heads = await Promise.all(
      kinds.map(async (kind) => ({ kind, head: await oldest(store, kind.from, kind.to) })),
    );
    const [first] = heads
      .flatMap(({ kind, head }) => (head === undefined ? [] : [{ kind, at: timeIn(head[1], kind.at) }]))
      .sort((a, b) => a.at - b.at);
    reports.sort((a, b) => a.at - b.at);
    if (reports[0] !== undefined && !(first !== undefined && first.at < reports[0].at)) {
      const [freed, left] = await cutReports(store, reports, toFree);
      toFree -= freed;
      reports = left;
    } else if (first !== undefined) {
      const [freed, end] = await cutKind(store, first.kind, toFree);
      toFree -= freed;
      ends.set(first.kind.from, end);
    } else break;
  }
  await store.flush();
  for (const [from, end] of ends) await store.compact(from, `${end}~`);
  await store.compact('b/', 'b0');
}

/**
 * Removes reports of rosters that are not there any more, which something that ended a removal left. Gives what that frees. `last` is the highest
 * roster there was when `rosters` were all there are.
 */
export async function removeStrays(
  store: ExactStore,
  rosters: readonly Pick<Roster, 'id'>[],
  last: number,
): Promise<number> {
  let [freed, next] = [0, 1];
  for (const id of [...rosters.map((one) => one.id).sort((one, other) => one - other), last + 1]) {
    if (id > next) freed += await removeReports(store, keyOf.report(next, 0), keyOf.report(id, 0));
    next = id + 1;
  }
  return freed;
}

async function removeReports(store: ExactStore, gte: string, lt: string): Promise<number> {
  let freed = 0;
  for (let after = gte; ; ) {
    const found = await store.range({ gte: after, lt, limit: reportsPerRead });
    const last = found.at(-1);
    if (last === undefined) return freed;
    await store.putLazy({ del: found.map(([key]) => key) });
    for (const [key, value] of found) freed += key.length + JSON.stringify(value).length;
    // One more character is the next key there may be.
    after = `${last[0]} `;
  }
}

/** A tenth of the rings, those whose report is the oldest, loses it. Gives what that frees, and the oldest ones that are left. */
async function cutReports(
  store: ExactStore,
  reports: readonly Oldest[],
  toFree: number,
): Promise<[freed: number, left: Oldest[]]> {
  const cut: Oldest[] = [];
  let freed = 0;
  for (const report of reports) {
    if (freed >= toFree || cut.length > reports.length / 10) break;
    if (isThere(report)) freed += report.sizeBytes;
    cut.push(report);
  }
  await store.putLazy({
    del: cut.filter(isThere).map(({ ring, number }) => keyOf.report(ring.id, slotOf(number))),
  });
  const next = await firsts(
    store,
    cut.map((one) => ({ ...one, number: one.number + 1 })),
  );
  return [freed, [...next, ...reports.slice(cut.length)]];
}

/** Whether no newer report has taken its place. */
function isThere({ ring, number }: Oldest): boolean {
  return number >= ring.count - reportsKept;
}

/** Of each ring the first report that is there, from a number on. */
async function firsts(store: ExactStore, from: Oldest[]): Promise<Oldest[]> {
  const found: Oldest[] = [];
  for (let looking = from; looking.length > 0; ) {
    const some = looking.splice(0, reportsPerRead).flatMap((one) => {
      const number = Math.max(one.number, one.ring.count - reportsKept);
      return number < one.ring.kept ? [{ ...one, number }] : [];
    });
    const values = await store.getMany(some.map(({ ring, number }) => keyOf.report(ring.id, slotOf(number))));
    for (const [index, one] of some.entries()) {
      const value = values[index];
      if (value === undefined || readReport(value).number !== one.number)
        looking.push({ ...one, number: one.number + 1 });
      else found.push({ ...one, at: timeIn(value, 2), sizeBytes: JSON.stringify(value).length });
    }
  }
  return found;
}

async function cutKind(
  store: ExactStore,
  { from, to }: (typeof kinds)[number],
  toFree: number,
): Promise<[freed: number, end: string]> {
  const found = await store.range({ gte: from, lt: to, limit: perRead });
  const del: string[] = [];
  let freed = 0;
  for (const [key, value] of found) {
    if (freed >= toFree) break;
    freed += key.length + JSON.stringify(value).length;
    del.push(key);
  }
  await store.putLazy({ del });
  return [freed, del.at(-1) as string];
}

async function oldest(store: ExactStore, from: string, to: string): Promise<[string, Json] | undefined> {
  return (await store.range({ gte: from, lt: to, limit: 1 }))[0];
}

function timeIn(value: Json, index: number): number {
  return Array.isArray(value) ? Number(value[index]) : 0;
}
