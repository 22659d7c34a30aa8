import type { SqlDatabase } from '../sql/database.ts';

/** What tables of an OverC 1.0.9 hold. Times are `YYYY-MM-DD HH:MM:SS`, UTC. */
export interface OldTables {
  servers: { title: string; name: string; key: string | null; ip: string | null }[];
  /** `server` counts from 1, and is the id of one. */
  services: { server: number; period: number | null; timedOut: boolean; name: string; title: string }[];
  states: { service: number; rtime: string; state: string; info: string }[];
  alerts: {
    server: number;
    service: number | null;
    state: number | null;
    reported: boolean;
    ctime: string;
    channel: string;
    event: string;
    message: string;
  }[];
}

/** The statements by which OverC made its tables. */
function schema(isMysql: boolean): string[] {
  const id = isMysql ? 'id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY' : 'id SERIAL PRIMARY KEY';
  const time = isMysql ? 'DATETIME' : 'TIMESTAMP WITHOUT TIME ZONE';
  const end = isMysql ? ' ENGINE=InnoDB DEFAULT CHARSET=utf8' : '';
  const key = isMysql ? '`key`' : 'key';
  return [
    `CREATE TABLE servers (${id}, title VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL UNIQUE, ${key} VARCHAR(255), ip VARCHAR(255))${end}`,
    `CREATE TABLE services (${id}, server_id INTEGER REFERENCES servers (id), period INTEGER, timed_out BOOLEAN NOT NULL, name VARCHAR(255) NOT NULL, title VARCHAR(255) NOT NULL)${end}`,
    `CREATE TABLE service_states (${id}, service_id INTEGER REFERENCES services (id), checked BOOLEAN NOT NULL, rtime ${time} NOT NULL, state VARCHAR(8) NOT NULL, info TEXT NOT NULL)${end}`,
    `CREATE TABLE alerts (${id}, server_id INTEGER, service_id INTEGER, service_state_id INTEGER, reported BOOLEAN NOT NULL, ctime ${time} NOT NULL, channel VARCHAR(32) NOT NULL, event VARCHAR(32) NOT NULL, message TEXT NOT NULL)${end}`,
  ];
}

/** Makes the tables of OverC 1.0.9 in an empty database, and fills them. */
export async function installOld(database: SqlDatabase, isMysql: boolean, tables: OldTables): Promise<void> {
  for (const statement of schema(isMysql)) await database.query(statement);
  const truth = (value: boolean): string => (value ? 'TRUE' : 'FALSE');
  const key = isMysql ? '`key`' : 'key';
  for (const { title, name, key: own, ip } of tables.servers)
    await database.query(`INSERT INTO servers (title, name, ${key}, ip) VALUES (?, ?, ?, ?)`, [
      title,
      name,
      own,
      ip,
    ]);
  for (const { server, period, timedOut, name, title } of tables.services)
    await database.query(
      `INSERT INTO services (server_id, period, timed_out, name, title) VALUES (?, ?, ${truth(timedOut)}, ?, ?)`,
      [server, period, name, title],
    );
  for (const { service, rtime, state, info } of tables.states)
    await database.query(
      'INSERT INTO service_states (service_id, checked, rtime, state, info) VALUES (?, TRUE, ?, ?, ?)',
      [service, rtime, state, info],
    );
  for (const { server, service, state, reported, ctime, channel, event, message } of tables.alerts)
    await database.query(
      `INSERT INTO alerts (server_id, service_id, service_state_id, reported, ctime, channel, event, message) VALUES (?, ?, ?, ${truth(reported)}, ?, ?, ?, ?)`,
      [server, service, state, ctime, channel, event, message],
    );
}
