import type { ExactStore, Json, JsonObject } from 'opsbro/sdk';
import type { State } from '../model.ts';
import { pages } from './pages.ts';
import { idOf, keyOf, lastKey, readAlert, reportValue } from './records.ts';
import { reportsKept } from './rosters.ts';

const formatKey = 'm/format';
const format = 2;
/** Of the first format: up to which row services were written down. */
const checkpointKey = 'm/checkpoint';
/** Services whose rows are read at the same time. */
const atOnce = 16;
/** Where the newest row is in what is kept of a roster. */
const lastRowAt = 3;
const rowKey = (id: number): string => `r/${String(id).padStart(12, '0')}`;

/**
 * Brings a store to the format of this version. In the first one each row was a record, and each service listed those that were kept of it: they become
 * reports of a roster of the service alone. Goes on where it was interrupted: a service has half a minute to start. Rejects for a later format.
 */
export async function migrate(store: ExactStore): Promise<void> {
  const found = (await store.get(formatKey)) ?? 1;
  if (typeof found !== 'number' || found > format)
    throw new Error(
      `what the push server keeps has the format ${JSON.stringify(found)}, this program knows ${format}`,
    );
  if (found < format) {
    const last = await carryRows(store);
    await carryInfos(store);
    await store.put({
      put: [
        [lastKey, last],
        [formatKey, format],
      ],
    });
  }
  await removeRows(store);
}

/** Gives the highest row and alert. */
async function carryRows(store: ExactStore): Promise<[row: number, alert: number]> {
  const { row = 0, alert = 0 } = ((await store.get(checkpointKey)) ?? {}) as { row?: number; alert?: number };
  let last = row;
  const later = new Map<number, number[]>();
  await pages(store, rowKey(last), 'r0', async (rows) => {
    for (const [key, value] of rows) {
      const service = Number((value as Json[])[0]);
      const ids = later.get(service) ?? [];
      later.set(service, ids);
      ids.push(idOf(key));
      last = Math.max(last, idOf(key));
    }
  });
  await pages(store, 's/', 's0', async (services) => {
    for (let from = 0; from < services.length; from += atOnce)
      await Promise.all(
        services.slice(from, from + atOnce).map(async ([key, value]) => {
          const id = idOf(key);
          const put = await rosterOf(store, id, value as JsonObject, later.get(id) ?? []);
          if (put.length > 0) await store.putLazy({ put });
        }),
      );
  });
  return [last, alert];
}

/** The roster of a service alone has the service's own id. */
async function rosterOf(
  store: ExactStore,
  id: number,
  { server, rows: steps, current }: JsonObject,
  later: readonly number[],
): Promise<[string, Json][]> {
  const written = Array.isArray(current) ? Number(current[0]) : 0;
  const ids: number[] = [];
  for (const step of (steps ?? []) as number[]) ids.push((ids.at(-1) ?? 0) + step);
  const kept = [...ids, ...later.filter((row) => row > (ids.at(-1) ?? 0))].slice(-reportsKept);
  const carried = await store.get(keyOf.roster(id));
  if (Array.isArray(carried) && carried[lastRowAt] === kept.at(-1)) return [];
  const values = await store.getMany(kept.map(rowKey));
  const put: [string, Json][] = [];
  let [number, known, last] = [0, 0, 0];
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue;
    const [, at, state, info] = value as [number, number, State, string];
    last = kept[index] as number;
    const report = { number, first: last, at, states: [state], infos: [info] };
    put.push([keyOf.report(id, number), reportValue(report)]);
    number += 1;
    if (last <= written) known = number;
  }
  if (put.length > 0) put.push([keyOf.roster(id), [server ?? 0, [id], known, last, 0, 0]]);
  return put;
}

async function carryInfos(store: ExactStore): Promise<void> {
  await pages(store, 'a/', 'a0', async (alerts) => {
    const rows = alerts.flatMap(([key, value]) => readAlert(idOf(key), value).row ?? []);
    const values = await store.getMany(rows.map(rowKey));
    await store.putLazy({
      put: values.flatMap((value, index): [string, Json][] => {
        const [, at = 0, , info = ''] = (value ?? []) as Json[];
        return value === undefined ? [] : [[keyOf.info(rows[index] as number), [at, info]]];
      }),
    });
  });
}

async function removeRows(store: ExactStore): Promise<void> {
  await pages(store, 'r/', 'r0', (rows) => store.putLazy({ del: rows.map(([key]) => key) }));
  await store.putLazy({ del: [checkpointKey] });
}
