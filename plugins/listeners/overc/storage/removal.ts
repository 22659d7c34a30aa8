import type { ExactStore } from 'opsbro/sdk';
import type { AlertRow, Run } from '../model.ts';
import { reportKeys } from './ledger.ts';
import { pages } from './pages.ts';
import {
  type Highest,
  idOf,
  type KeptServer,
  keyOf,
  lastKey,
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

/** What was taken out of the memory, and what is to be removed with it. */
export interface Doomed {
  server: KeptServer | undefined;
  services: readonly ServiceEntry[];
  /** Those that the services were of. */
  rosters: readonly Roster[];
  last: Highest;
}

/** Removes a server, services, and all that is kept of them. What can be seen goes first, at once; of the rest a power cut may leave some. */
export async function removeBelow(
  store: ExactStore,
  { server, services, rosters, last }: Doomed,
  isGone: (alert: AlertRow) => boolean,
): Promise<void> {
  const isEmpty = (roster: Roster): boolean => roster.services.every((one) => one === null);
  const [gone, left] = [rosters.filter(isEmpty), rosters.filter((one) => !isEmpty(one))];
  await store.put({
    put: [
      [lastKey, last],
      ...left.map((one): [string, ReturnType<typeof rosterValue>] => [
        keyOf.roster(one.id),
        rosterValue({ ...one, count: one.kept }),
      ]),
    ],
    del: [
      ...(server === undefined ? [] : [keyOf.server(server.id)]),
      ...services.map(({ id }) => keyOf.service(id)),
      ...gone.map(({ id }) => keyOf.roster(id)),
    ],
  });
  for (const roster of gone) await store.putLazy({ del: reportKeys(roster) });
  for (const roster of left) await blank(store, roster);
  for (const { run } of services) await removeRuns(store, run);
  await removeAlerts(store, isGone);
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
