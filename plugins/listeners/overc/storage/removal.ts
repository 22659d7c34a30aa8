import type { ExactStore, Json } from 'opsbro/sdk';
import type { AlertRow, Run } from '../model.ts';
import { reportKeys } from './ledger.ts';
import { pages } from './pages.ts';
import {
  type Highest,
  idOf,
  type KeptServer,
  keyOf,
  lastKey,
  orphanValue,
  readAlert,
  readReport,
  readRun,
  reportValue,
  rosterValue,
} from './records.ts';
import type { Roster } from './rosters.ts';
import type { ServiceEntry } from './service-entry.ts';

/** Reports may be long, so few are read at a time. */
const reportsPerRead = 10;

/** Keys that are removed together: the store lets so much wait and no more. */
const perWrite = 1000;

/** What was taken out of the memory, and what is to be removed with it. */
export interface Doomed {
  server: KeptServer | undefined;
  services: readonly ServiceEntry[];
  /** Those that the services were of. */
  rosters: readonly Roster[];
  last: Highest;
}

/** What is on the disk and belongs to nothing any more. */
export interface Leftover {
  services: readonly { id: number; run: Run | null }[];
  /** Rosters of which no service is left. */
  rosters: readonly Pick<Roster, 'id' | 'count'>[];
}

/**
 * Removes a server, services, and all that is kept of them. What can be seen goes first, at once, and with it nothing of a start finds the rest:
 * a power cut may leave some of that, which the next start removes.
 */
export async function removeBelow(
  store: ExactStore,
  { server, services, rosters, last }: Doomed,
  isGone: (alert: AlertRow) => boolean,
): Promise<void> {
  const isEmpty = (roster: Roster): boolean => roster.services.every((one) => one === null);
  const left = rosters.filter((one) => !isEmpty(one));
  const orphans = server === undefined ? services : [];
  await store.put({
    put: [
      [lastKey, last],
      ...orphans.map((one): [string, Json] => [keyOf.service(one.id), orphanValue(one)]),
    ],
    del: server === undefined ? [] : [keyOf.server(server.id)],
  });
  for (let from = 0; from < left.length; from += perWrite)
    await store.putLazy({
      put: left
        .slice(from, from + perWrite)
        .map((one) => [keyOf.roster(one.id), rosterValue({ ...one, count: one.kept })]),
    });
  for (const roster of left) await blank(store, roster);
  await removeLeftover(store, { services, rosters: rosters.filter(isEmpty) }, isGone);
}

/** Removes what nobody sees any more. By services and rosters a start finds what was left, so these go last. */
export async function removeLeftover(
  store: ExactStore,
  { services, rosters }: Leftover,
  isGone: (alert: AlertRow) => boolean,
): Promise<void> {
  for (const roster of rosters) await store.putLazy({ del: reportKeys(roster) });
  for (const { run } of services) await removeRuns(store, run);
  await removeAlerts(store, isGone);
  const keys = [...services.map(({ id }) => keyOf.service(id)), ...rosters.map(({ id }) => keyOf.roster(id))];
  for (let from = 0; from < keys.length; from += perWrite)
    await store.putLazy({ del: keys.slice(from, from + perWrite) });
}

/** Empties what services said that are gone, in reports of others. No report is added any more to a roster that has lost one. */
async function blank(store: ExactStore, roster: Roster): Promise<void> {
  const keys = reportKeys(roster);
  for (let from = 0; from < keys.length; from += reportsPerRead) {
    const some = keys.slice(from, from + reportsPerRead);
    const values = await store.getMany(some);
    await store.putLazy({
      put: values.flatMap((value, index): [string, ReturnType<typeof reportValue>][] => {
        if (value === undefined) return [];
        const report = readReport(value);
        const infos = report.infos.map((info, place) => (roster.services[place] === null ? '' : info));
        return [[some[index] as string, reportValue({ ...report, infos })]];
      }),
    });
  }
}

async function removeRuns(store: ExactStore, run: Run | null): Promise<void> {
  for (let first = run?.prev ?? 0; first !== 0; ) {
    const value = await store.get(keyOf.run(first));
    await store.putLazy({ del: [keyOf.run(first)] });
    first = value === undefined ? 0 : readRun(value).prev;
  }
}

async function removeAlerts(store: ExactStore, isGone: (alert: AlertRow) => boolean): Promise<void> {
  const keys = ({ id, row }: AlertRow): string[] => [
    ...[keyOf.alert(id), keyOf.unsent(id)],
    ...(row === null ? [] : [keyOf.info(row)]),
  ];
  await pages(store, 'a/', 'a0', async (found) => {
    const gone = found.map(([key, value]) => readAlert(idOf(key), value)).filter(isGone);
    if (gone.length > 0) await store.putLazy({ del: gone.flatMap(keys) });
  });
}
