import type { AlertRow, Run, State, StateRow } from '../model.ts';
import type { Past, Selection } from '../storage/storage.ts';
import { marksOf, type SqlDialect, type SqlRow, type SqlSession, type SqlValue } from './database.ts';

const mostRows = 20_000;
const mostAlerts = 10_000;
/** An alert is this server's for so many seconds, by the clock of the database. */
const leaseSeconds = 30;

/** Rows of a service since then, of which no more than the newest 20,000, and their runs. */
export async function pastOf(session: SqlSession, service: number, since: number): Promise<Past> {
  const { rows: found } = await session.query(
    `SELECT id, reported_at, state, info FROM push_states WHERE service_id = ? AND reported_at >= ? ORDER BY id DESC LIMIT ${mostRows}`,
    [service, since],
  );
  const rows = found.reverse().map(
    (row): StateRow => ({
      ...{ id: Number(row.id), at: Number(row.reported_at), state: row.state as State },
      info: String(row.info),
    }),
  );
  return { rows, runs: runsOf(rows) };
}

function runsOf(rows: StateRow[]): Run[] {
  const runs: Run[] = [];
  for (const { id, at, state } of rows) {
    const last = runs.at(-1);
    if (last?.state === state) Object.assign(last, { last: id, lastAt: at, count: last.count + 1 });
    else runs.push({ first: id, last: id, count: 1, firstAt: at, lastAt: at, state, prev: last?.first ?? 0 });
  }
  return runs;
}

/** Newest first. */
export async function alertsOf(
  session: SqlSession,
  { server, service }: Selection,
  since: number,
): Promise<AlertRow[]> {
  const conditions: [string, SqlValue | undefined][] = [
    ['created_at >= ?', since],
    ['server_id = ?', server],
    ['service_id = ?', service],
  ];
  const asked = conditions.filter(([, value]) => value !== undefined);
  const { rows } = await session.query(
    `SELECT * FROM push_alerts WHERE ${asked.map(([sql]) => sql).join(' AND ')} ORDER BY created_at DESC, id DESC LIMIT ${mostAlerts}`,
    asked.map(([, value]) => value as SqlValue),
  );
  return rows.map(alertOf);
}

/** Within a transaction: claims the oldest alerts that nobody was told of and nobody else is about to tell. */
export async function claim(
  session: SqlSession,
  { now }: SqlDialect,
  owner: string,
  limit: number,
): Promise<AlertRow[]> {
  const { rows } = await session.query(
    `SELECT * FROM push_alerts WHERE sent = 0 AND (owner IS NULL OR owner = ? OR lease_until < ${now}) ORDER BY id LIMIT ${limit} FOR UPDATE`,
    [owner],
  );
  if (rows.length === 0) return [];
  await session.query(
    `UPDATE push_alerts SET owner = ?, lease_until = ${now} + ${leaseSeconds} WHERE id IN (${marksOf(rows)})`,
    [owner, ...rows.map(({ id }) => id as number)],
  );
  return rows.map(alertOf);
}

/** What rows said. */
export async function infosOf(session: SqlSession, rows: number[]): Promise<Map<number, string>> {
  if (rows.length === 0) return new Map();
  const found = await session.query(`SELECT id, info FROM push_states WHERE id IN (${marksOf(rows)})`, rows);
  return new Map(found.rows.map(({ id, info }) => [Number(id), String(info)]));
}

function alertOf(row: SqlRow): AlertRow {
  const numberOf = (value: SqlValue | undefined): number | null => (value == null ? null : Number(value));
  return {
    ...{ id: Number(row.id), server: Number(row.server_id), service: numberOf(row.service_id) },
    ...{ row: numberOf(row.state_id), at: Number(row.created_at), channel: String(row.channel) },
    ...{ event: String(row.event), message: String(row.message) },
  };
}
