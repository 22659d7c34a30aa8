import { createPool, type PoolConnection } from 'mysql2/promise';
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

/** A deadlock, a lock that was waited for too long, a row that another inserted or changed. */
const conflicts = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_DUP_ENTRY', 'ER_CHECKREAD']);
/** Parameters are put in with backslashes, which NO_BACKSLASH_ESCAPES would take for text: a session's mode is its own. */
const setUp = [
  "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];
/** Of the whole server, at most 64 characters: the name has to tell databases apart. */
const lockName = "CONCAT('opsbro_push_', LEFT(MD5(DATABASE()), 32))";

const dialect: SqlDialect = {
  serial: 'BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY',
  text: 'MEDIUMTEXT',
  now: 'UNIX_TIMESTAMP(NOW(6))',
  // Unlike UNIX_TIMESTAMP it knows no time zone of the session.
  epochMs: (column) => `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', ${column}) / 1000`,
  tableEnd: ' ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  lock: `SELECT GET_LOCK(${lockName}, 30) AS held`,
  unlock: `SELECT RELEASE_LOCK(${lockName}) AS held`,
  size: "SELECT COALESCE(SUM(data_length + index_length), 0) AS size FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN ('push_servers', 'push_services', 'push_states', 'push_alerts')",
};

/** Opens a pool of connections to MariaDB or MySQL. */
export function openMysql(url: string): SqlDatabase {
  const pool = createPool({
    ...{ uri: url, connectionLimit: connections, connectTimeout: connectMs, charset: 'utf8mb4' },
    ...{ supportBigNumbers: true, decimalNumbers: true },
  });
  const ready = new WeakSet<object>();
  const over = async <Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result> => {
    const connection = await pool.getConnection();
    try {
      if (!ready.has(connection.connection)) for (const sql of setUp) await connection.query(sql);
      ready.add(connection.connection);
      const result = await work(sessionOf(connection));
      connection.release();
      return result;
    } catch (error) {
      // What it was in the middle of nobody knows.
      connection.destroy();
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

function sessionOf(connection: PoolConnection): SqlSession {
  const run = async (sql: string, values: readonly SqlValue[] = []) => {
    const [answer] = await connection.query({ sql, values: [...values], timeout: statementMs });
    return answer;
  };
  return {
    async query(sql, parameters): Promise<SqlAnswer> {
      const answer = await run(sql, parameters);
      if (Array.isArray(answer)) return { rows: answer as unknown as SqlRow[], changed: 0 };
      return { rows: [], changed: answer.affectedRows };
    },
    async insert(table, row) {
      const answer = await run(...insertion(table, row));
      return Array.isArray(answer) ? 0 : answer.insertId;
    },
  };
}

function isConflict(error: unknown): boolean {
  return conflicts.has((error as { code?: string }).code ?? '');
}
