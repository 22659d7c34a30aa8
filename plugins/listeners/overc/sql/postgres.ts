import pg from 'pg';
import {
  connections,
  connectMs,
  insertion,
  inTransaction,
  type SqlAnswer,
  type SqlDatabase,
  type SqlDialect,
  type SqlRow,
  type SqlSession,
  type SqlValue,
  statementMs,
} from './database.ts';

/** Serialization failure, deadlock, unique violation. */
const conflicts = new Set(['40001', '40P01', '23505']);
/** OIDs of bigint and numeric, which come as texts otherwise; ids and times fit a number. */
const numbers = [20, 1700];

const dialect: SqlDialect = {
  serial: 'BIGSERIAL PRIMARY KEY',
  text: 'TEXT',
  now: 'EXTRACT(EPOCH FROM clock_timestamp())',
  epochMs: (column) => `EXTRACT(EPOCH FROM ${column}) * 1000`,
  tableEnd: '',
  // Of this database and schema; it goes with the transaction.
  lock: "SELECT 1 AS held FROM (SELECT pg_advisory_xact_lock(hashtext('opsbro_push'), hashtext(current_schema()))) AS locked",
  unlock: 'SELECT 1 AS held',
  size: "SELECT pg_total_relation_size('push_servers') + pg_total_relation_size('push_services') + pg_total_relation_size('push_states') + pg_total_relation_size('push_alerts') AS size",
};

/** Opens a pool of connections to PostgreSQL. */
export function openPostgres(url: string): SqlDatabase {
  const types = {
    getTypeParser: (oid: number, format?: 'text') =>
      numbers.includes(oid) ? Number : pg.types.getTypeParser(oid, format),
  };
  const pool = new pg.Pool({
    ...{ connectionString: url, max: connections, connectionTimeoutMillis: connectMs },
    ...{ query_timeout: statementMs, types: types as never },
  });
  // A connection that breaks while nobody uses it is made again.
  pool.on('error', () => undefined);
  const over = async <Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result> => {
    const client = await pool.connect();
    try {
      const result = await work(sessionOf((sql, parameters) => client.query(sql, [...parameters])));
      client.release();
      return result;
    } catch (error) {
      // What it was in the middle of nobody knows.
      client.release(true);
      throw error;
    }
  };
  return {
    dialect,
    query: (sql, parameters) => over((session) => session.query(sql, parameters)),
    insert: (table, row) => over((session) => session.insert(table, row)),
    transaction: (work) => over((session) => inTransaction(session, work, isConflict)),
    close: () => pool.end(),
  };
}

type Run = (
  sql: string,
  parameters: readonly SqlValue[],
) => Promise<{ rows: SqlRow[]; rowCount: number | null }>;

function sessionOf(run: Run): SqlSession {
  const query = async (sql: string, parameters: readonly SqlValue[] = []): Promise<SqlAnswer> => {
    let count = 0;
    const numbered = sql.replaceAll('?', () => {
      count += 1;
      return `$${count}`;
    });
    const { rows, rowCount } = await run(numbered, parameters.map(storable));
    return { rows, changed: rowCount ?? 0 };
  };
  return {
    query,
    async insert(table, row) {
      const [sql, values] = insertion(table, row);
      return Number((await query(`${sql} RETURNING id`, values)).rows[0]?.id);
    },
  };
}

/** PostgreSQL keeps no NUL in texts. */
function storable(value: SqlValue): SqlValue {
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value;
}

function isConflict(error: unknown): boolean {
  return conflicts.has((error as { code?: string }).code ?? '');
}
