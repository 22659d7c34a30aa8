import type { ExactStore } from 'opsbro/sdk';
import type { Run, StateRow } from '../model.ts';
import { keyOf, readReport, readRun } from './records.ts';
import { type Roster, reportsKept } from './rosters.ts';
import type { ServiceEntry } from './service-entry.ts';
import type { Past } from './storage.ts';

/** Runs that are looked back on. */
const mostRuns = 1000;
/** Reports may be long, so few are read at a time. */
const perRead = 10;

/** The newest rows of a service, and its runs, back to `since`, epoch ms. */
export async function pastOf(store: ExactStore, service: ServiceEntry, since: number): Promise<Past> {
  const rosters = service.server.rosters.filter(({ services }) => services.includes(service));
  const found = (await Promise.all(rosters.map((roster) => rowsOf(store, roster, service)))).flat();
  // Each full ring has so many rows of it, so none is missing among the newest of all.
  const rows = found.sort((one, other) => one.id - other.id).slice(-reportsKept);
  const runs = await runsOf(store, service.run, since);
  return { rows: rows.filter(({ at }) => at >= since), runs };
}

async function rowsOf(
  store: ExactStore,
  { id, services }: Pick<Roster, 'id' | 'services'>,
  service: ServiceEntry,
): Promise<StateRow[]> {
  const rows: StateRow[] = [];
  for (let slot = 0; slot < reportsKept; slot += perRead) {
    const keys = Array.from({ length: perRead }, (_, index) => keyOf.report(id, slot + index));
    for (const value of await store.getMany(keys)) {
      if (value === undefined) continue;
      const { first, at, states, infos } = readReport(value);
      for (const [index, state] of states.entries())
        if (services[index] === service)
          rows.push({ id: first + index, at, state, info: infos[index] ?? '' });
    }
  }
  return rows;
}

async function runsOf(store: ExactStore, current: Run | null, since: number): Promise<Run[]> {
  const runs: Run[] = [];
  for (let run = current; run !== null && run.lastAt >= since && runs.length < mostRuns; ) {
    runs.push({ ...run });
    const before = run.prev === 0 ? undefined : await store.get(keyOf.run(run.prev));
    run = before === undefined ? null : readRun(before);
  }
  return runs.reverse();
}
