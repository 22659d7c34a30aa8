import type { Keys } from '../keys.ts';
import type { Adoption, OldAlert, OldServer, OldService } from '../takeover/old.ts';
import type { SqlDialect, SqlSession } from './database.ts';
import { countOf, insertAlert, nameKey } from './take.ts';

/** What an old installation is put into a database with. */
export interface AdoptParts {
  dialect: SqlDialect;
  keys: Keys;
  limits: { servers: number; services: number };
}

/** A server with the key it had, within a transaction. One that is here with a key of its own stays as it is. */
export async function adoptServer(
  session: SqlSession,
  old: OldServer,
  { keys, limits }: AdoptParts,
  isDry: boolean,
): Promise<Adoption> {
  const [known] = (
    await session.query('SELECT id, hash FROM push_servers WHERE name_key = ? FOR UPDATE', [
      nameKey(old.name),
    ])
  ).rows;
  const hash = old.key === null ? '' : keys.hash(old.name, old.key);
  const kept = String(known?.hash ?? '');
  if (kept !== '' && hash !== '' && !keys.isSame(kept, hash)) return 'other-key';
  if (known !== undefined && (kept !== '' || hash === '')) return 'known';
  if (known === undefined && (await countOf(session, 'push_servers')) >= limits.servers) return 'full';
  if (isDry) return 'carried';
  const { name, title, ip } = old;
  const id =
    known === undefined
      ? await session.insert('push_servers', { name, name_key: nameKey(name), title, ip, hash })
      : Number(known.id);
  if (known !== undefined)
    await session.query('UPDATE push_servers SET hash = ?, title = ? WHERE id = ?', [hash, title, id]);
  for (const alert of old.alerts) await pastAlert(session, { server: id, service: null, row: null }, alert);
  return 'carried';
}

/** A service with its states and alerts, within a transaction. One that has reported here stays as it is. */
export async function adoptService(
  session: SqlSession,
  { server: name, old }: { server: string; old: OldService },
  { dialect, limits }: AdoptParts,
  isDry: boolean,
): Promise<Adoption> {
  const [server] = (
    await session.query('SELECT id FROM push_servers WHERE name_key = ? FOR UPDATE', [nameKey(name)])
  ).rows;
  const [known] = (
    await session.query('SELECT id, state_id FROM push_services WHERE server_id = ? AND name_key = ?', [
      Number(server?.id ?? 0),
      nameKey(old.name),
    ])
  ).rows;
  if (known !== undefined && (known.state_id !== null || old.states.length === 0)) return 'known';
  if (known === undefined && (await countOf(session, 'push_services')) >= limits.services) return 'full';
  if (isDry || server === undefined) return 'carried';
  const of = { server_id: Number(server.id), name: old.name, name_key: nameKey(old.name) };
  const id =
    known === undefined
      ? await session.insert('push_services', { ...of, title: old.title, period: null, timed_out: 0 })
      : Number(known.id);
  await fill(session, { server: Number(server.id), id, old, now: dialect.now });
  return 'carried';
}

async function fill(
  session: SqlSession,
  { server, id, old, now }: { server: number; id: number; old: OldService; now: string },
): Promise<void> {
  const rows = new Map<number, number>();
  for (const { id: was, at, state, info } of old.states)
    rows.set(was, await session.insert('push_states', { service_id: id, reported_at: at, state, info }));
  for (const alert of old.alerts)
    await pastAlert(session, { server, service: id, row: rows.get(alert.state ?? 0) ?? null }, alert);
  const last = old.states.at(-1);
  // It has a whole period from here on, as after a start.
  await session.query(
    `UPDATE push_services SET title = ?, period = ?, timed_out = ?, state_id = ?, state = ?, info = ?, reported_at = ?, seen_at = ${now} WHERE id = ?`,
    [
      ...[old.title, old.period, old.timedOut ? 1 : 0, rows.get(last?.id ?? 0) ?? null],
      ...[last?.state ?? null, last?.info ?? null, last?.at ?? null, id],
    ],
  );
}

async function pastAlert(
  session: SqlSession,
  of: { server: number; service: number | null; row: number | null },
  { at, channel, event, message }: OldAlert,
): Promise<void> {
  await insertAlert(session, { ...of, at, channel, event, message }, true);
}
