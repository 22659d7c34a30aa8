import type { Keys } from '../keys.ts';
import type { AlertRow } from '../model.ts';
import type { Adoption, OldAlert, OldServer, OldService } from '../takeover/old.ts';
import type { Ledger, Writes } from './ledger.ts';
import { type KeptServer, keyOf, serverValue } from './records.ts';
import { reportsKept } from './rosters.ts';
import type { ServiceEntry } from './service-entry.ts';

/** What an old installation is put into. */
export interface AdoptParts {
  ledger: Ledger;
  keys: Keys;
  limits: { servers: number; services: number };
}

/** What was put there, to be written as one batch. */
export interface Adopted {
  outcome: Adoption;
  writes: Writes;
  alerts: AlertRow[];
  service?: ServiceEntry;
}

/** A server with the key it had. One that is here with a key of its own stays as it is. */
export function adoptServer({ ledger, keys, limits }: AdoptParts, old: OldServer, isDry: boolean): Adopted {
  const known = ledger.byName.get(old.name);
  const hash = old.key === null ? '' : keys.hash(old.name, old.key);
  const kept = known?.hash ?? '';
  if (kept !== '' && hash !== '' && !keys.isSame(kept, hash)) return nothing('other-key');
  if (known !== undefined && (kept !== '' || hash === '')) return nothing('known');
  if (known === undefined && ledger.servers.size >= limits.servers) return nothing('full');
  if (isDry) return nothing('carried');
  const writes: Writes = { put: [], del: [] };
  const server = known ?? ledger.register(old.name, hash, old.ip, writes);
  Object.assign(server, { hash, title: old.title });
  writes.put.push([keyOf.server(server.id), serverValue(server)]);
  const alerts = old.alerts.map((alert) =>
    pastAlert(ledger, { server, service: null, row: null }, alert, writes),
  );
  return { outcome: 'carried', writes, alerts };
}

/** A service with its states and alerts. One that has reported here stays as it is. */
export function adoptService(
  { ledger, limits }: AdoptParts,
  { server: name, old, nowMs }: { server: string; old: OldService; nowMs: number },
  isDry: boolean,
): Adopted {
  const server = ledger.byName.get(name);
  const known = server?.services.get(old.name);
  if (known !== undefined && (known.current !== null || old.states.length === 0)) return nothing('known');
  if (known === undefined && ledger.services.size >= limits.services) return nothing('full');
  if (isDry || server === undefined) return nothing('carried');
  const writes: Writes = { put: [], del: [] };
  const service = ledger.serviceOf(server, old.name, writes);
  const rows = putStates(ledger, service, old, writes);
  // It has a whole period from here on, as after a start.
  Object.assign(service, { title: old.title, period: old.period, timedOut: old.timedOut, reportedMs: nowMs });
  const alerts = old.alerts.map((alert) => {
    const row = rows.get(alert.state ?? 0) ?? null;
    return pastAlert(ledger, { server, service, row }, alert, writes);
  });
  ledger.write(service, writes);
  return { outcome: 'carried', writes, alerts, service };
}

/** Gives the rows by what their ids were. What is more than is kept goes into runs at once. */
function putStates(
  ledger: Ledger,
  service: ServiceEntry,
  old: OldService,
  writes: Writes,
): Map<number, number> {
  const told = new Set(old.alerts.map(({ state }) => state));
  const closing = new Set(
    old.alerts.flatMap(({ channel, state }) => (channel === 'service:state' ? [] : [state])),
  );
  const rows = new Map<number, number>();
  if (old.states.length === 0) return rows;
  const roster = ledger.rosterOfOne(service.server, service);
  for (const [index, { id, at, state, info }] of old.states.entries()) {
    const row = ledger.last.row + 1;
    ledger.apply(service, { id: row, at, state, info }, writes);
    if (closing.has(id)) service.isRunClosed = true;
    if (index < old.states.length - reportsKept) continue;
    rows.set(id, row);
    ledger.keepReport(
      roster,
      { number: roster.count, first: row, at, states: [state], infos: [info] },
      writes,
    );
    if (told.has(id)) writes.put.push([keyOf.info(row), [at, info]]);
  }
  return rows;
}

function pastAlert(
  ledger: Ledger,
  { server, service, row }: { server: KeptServer; service: ServiceEntry | null; row: number | null },
  { at, channel, event, message }: OldAlert,
  writes: Writes,
): AlertRow {
  const of = { server: server.id, service: service?.id ?? null, row };
  return ledger.pastAlert({ ...of, at, channel, event, message }, writes);
}

function nothing(outcome: Adoption): Adopted {
  return { outcome, writes: { put: [], del: [] }, alerts: [] };
}
