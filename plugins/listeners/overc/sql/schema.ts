import type { SqlDatabase, SqlDialect, SqlSession } from './database.ts';

/** Statements of each version; what was released once is never changed. MySQL keeps no transaction over them: each may run twice. */
const migrations: ((dialect: SqlDialect) => string[])[] = [
  ({ serial, text, tableEnd }) => [
    `CREATE TABLE IF NOT EXISTS push_settings (name VARCHAR(100) NOT NULL PRIMARY KEY, value ${text} NOT NULL)${tableEnd}`,
    // Names are told apart by their hashes: collations of databases differ, and so do the lengths that an index takes.
    `CREATE TABLE IF NOT EXISTS push_servers (id ${serial}, name ${text} NOT NULL, name_key CHAR(64) NOT NULL UNIQUE,
      title ${text} NOT NULL, ip VARCHAR(100) NOT NULL, hash VARCHAR(100) NOT NULL)${tableEnd}`,
    `CREATE TABLE IF NOT EXISTS push_services (id ${serial}, server_id BIGINT NOT NULL, name ${text} NOT NULL,
      name_key CHAR(64) NOT NULL, title ${text} NOT NULL, period DOUBLE PRECISION, timed_out SMALLINT NOT NULL,
      state_id BIGINT, state VARCHAR(10), info ${text}, reported_at DOUBLE PRECISION, seen_at DOUBLE PRECISION,
      UNIQUE (server_id, name_key))${tableEnd}`,
    `CREATE TABLE IF NOT EXISTS push_states (id ${serial}, service_id BIGINT NOT NULL, reported_at DOUBLE PRECISION NOT NULL,
      state VARCHAR(10) NOT NULL, info ${text} NOT NULL, UNIQUE (service_id, id))${tableEnd}`,
    `CREATE TABLE IF NOT EXISTS push_alerts (id ${serial}, server_id BIGINT NOT NULL, service_id BIGINT, state_id BIGINT,
      created_at DOUBLE PRECISION NOT NULL, channel VARCHAR(100) NOT NULL, event VARCHAR(100) NOT NULL,
      message ${text} NOT NULL, sent SMALLINT NOT NULL, owner VARCHAR(100), lease_until DOUBLE PRECISION,
      UNIQUE (sent, id), UNIQUE (created_at, id), UNIQUE (server_id, id), UNIQUE (service_id, id))${tableEnd}`,
  ],
  ({ tableEnd }) => [
    `CREATE TABLE IF NOT EXISTS push_lease (id INT NOT NULL PRIMARY KEY, owner VARCHAR(100) NOT NULL, token BIGINT NOT NULL,
      lease_until DOUBLE PRECISION NOT NULL)${tableEnd}`,
    "INSERT INTO push_lease (id, owner, token, lease_until) SELECT 1, '', 0, 0 FROM push_versions WHERE version = 1 AND NOT EXISTS (SELECT id FROM push_lease)",
  ],
];

/** Brings the tables up to date; servers that start at the same time do it one after the other. */
export async function migrate(database: SqlDatabase): Promise<void> {
  const { dialect } = database;
  await database.transaction(async (session) => {
    const { rows } = await session.query(dialect.lock);
    if (rows[0]?.held !== 1) throw new Error('another server is changing the tables of the database');
    try {
      await migrateAlone(session, dialect);
    } finally {
      await session.query(dialect.unlock).catch(() => undefined);
    }
  });
}

async function migrateAlone(session: SqlSession, dialect: SqlDialect): Promise<void> {
  await session.query(
    `CREATE TABLE IF NOT EXISTS push_versions (version INT NOT NULL PRIMARY KEY)${dialect.tableEnd}`,
  );
  const { rows } = await session.query('SELECT COALESCE(MAX(version), 0) AS version FROM push_versions');
  const version = Number(rows[0]?.version);
  if (version > migrations.length)
    throw new Error(
      `the tables of the database are of version ${version}, this program knows ${migrations.length}: a newer one wrote them`,
    );
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    for (const statement of statements(dialect)) await session.query(statement);
    await session.query('INSERT INTO push_versions (version) VALUES (?)', [index + 1]);
  }
}
