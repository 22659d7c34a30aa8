import type { ExactStore, Json, JsonObject } from 'opsbro/sdk';
import type { AlertRow, Run, StateRow } from '../model.ts';
import type { Ledger, Writes } from './ledger.ts';
import { pages } from './pages.ts';
import {
  type Highest,
  idOf,
  type KeptServer,
  keyOf,
  lastKey,
  readReport,
  readRoster,
  readRun,
  readServer,
  readService,
} from './records.ts';
import type { Leftover } from './removal.ts';
import { type Roster, reportsKept, slotOf } from './rosters.ts';
import type { ServiceEntry } from './service-entry.ts';

/** Mostly none follows, and reports may be long. */
const reportsPerRead = 10;
/** Servers whose reports are read at the same time. */
const serversAtOnce = 16;

/** What a start found of removals that did not come to their end. Of its ids none is given again. */
export interface Unfinished extends Leftover {
  services: { id: number; run: Run | null }[];
  rosters: Pick<Roster, 'id' | 'count'>[];
  /** Servers that are gone. */
  servers: Set<number>;
}

/**
 * Puts what a store keeps into an empty ledger; then what was reported since it was written down. `alerts` are the newest ones. Gives what belongs
 * to nothing any more.
 */
export async function load(
  store: ExactStore,
  ledger: Ledger,
  alerts: readonly AlertRow[],
): Promise<Unfinished> {
  const unfinished: Unfinished = { services: [], rosters: [], servers: new Set() };
  const [row = 0, alert = 0, roster = 0] = ((await store.get(lastKey)) ?? []) as Partial<Highest>;
  Object.assign(ledger.last, { row, alert, roster });
  await each(store, 'v', (id, value) => ledger.addServer(readServer(id, value)));
  await each(store, 's', (id, value) => {
    const service = readService(id, value, ledger.servers);
    if (service !== undefined) return ledger.addService(service);
    const { server, run } = value as JsonObject;
    ledger.noteGone({ server: Number(server), service: id });
    unfinished.servers.add(Number(server));
    unfinished.services.push({ id, run: run == null ? null : readRun(run) });
  });
  await each(store, 'l', (id, value) => {
    const roster = readRoster(id, value, ledger);
    const [server, ids] = value as [number, number[]];
    for (const service of ids) ledger.noteGone({ server, service });
    if (roster !== undefined) return ledger.addRoster(roster);
    ledger.last.roster = Math.max(ledger.last.roster, id);
    unfinished.rosters.push({ id, count: reportsKept });
  });
  const closing = new Set(
    alerts.flatMap(({ row, channel }) => (row === null || channel === 'service:state' ? [] : [row])),
  );
  const servers = ledger.servers.values();
  const readNext = async (): Promise<void> => {
    for (const server of servers) await replay(store, ledger, server, closing);
  };
  await Promise.all(Array.from({ length: serversAtOnce }, readNext));
  return unfinished;
}

async function each(store: ExactStore, kind: string, add: (id: number, value: Json) => void): Promise<void> {
  await pages(store, `${kind}/`, `${kind}0`, (found) => {
    for (const [key, value] of found) add(idOf(key), value);
  });
}

/** What came after the services of a server were written down, in its order. */
async function replay(
  store: ExactStore,
  ledger: Ledger,
  server: KeptServer,
  closing: ReadonlySet<number>,
): Promise<void> {
  const rows: (StateRow & { service: ServiceEntry })[] = [];
  for (const roster of server.rosters) rows.push(...(await rowsSince(store, roster)));
  const writes: Writes = { put: [], del: [] };
  for (const { service, ...row } of rows.sort((one, other) => one.id - other.id)) {
    ledger.last.row = Math.max(ledger.last.row, row.id);
    if (row.id <= service.row) continue;
    ledger.apply(service, row, writes);
    if (closing.has(row.id)) service.isRunClosed = true;
  }
  if (writes.put.length > 0) await store.putLazy(writes);
}

async function rowsSince(
  store: ExactStore,
  roster: Roster,
): Promise<(StateRow & { service: ServiceEntry })[]> {
  const rows: (StateRow & { service: ServiceEntry })[] = [];
  const since = roster.kept;
  for (let next = since; next < since + reportsKept; ) {
    const keys = Array.from({ length: reportsPerRead }, (_, index) =>
      keyOf.report(roster.id, slotOf(next + index)),
    );
    for (const value of await store.getMany(keys)) {
      const report = value === undefined ? undefined : readReport(value);
      // What is there is of the round before.
      if (report === undefined || report.number < next) return rows;
      next = report.number + 1;
      roster.count = next;
      roster.last = report.first;
      if (slotOf(report.number) === 0) roster.lap = report.first;
      const { first, at, states, infos } = report;
      for (const [index, state] of states.entries()) {
        const service = roster.services[index];
        if (service) rows.push({ service, id: first + index, at, state, info: infos[index] ?? '' });
      }
    }
  }
  return rows;
}
