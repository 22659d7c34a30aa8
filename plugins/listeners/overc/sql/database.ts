import { Unavailable } from '../api/refused.ts';

/** A value of a row. */
export type SqlValue = string | number | null;

/** One row of an answer. */
export interface SqlRow {
  [column: string]: SqlValue;
}

/** What a statement comes to. */
export interface SqlAnswer {
  rows: SqlRow[];
  /** Rows that it changed, or would have. */
  changed: number;
}

/** Runs statements, one after the other; `?` stands for a parameter. */
export interface SqlSession {
  query(sql: string, parameters?: readonly SqlValue[]): Promise<SqlAnswer>;
  /** Inserts a row and gives its id. */
  insert(table: string, row: SqlRow): Promise<number>;
}

/** Where the two databases differ. */
export interface SqlDialect {
  /** Type of a key that counts itself. */
  serial: string;
  /** Type of a text of any length. */
  text: string;
  /** Seconds since the epoch by the clock of the database, with a fraction. */
  now: string;
  /** Milliseconds since the epoch of a column of date and time that is meant as UTC. */
  epochMs(column: string): string;
  /** Behind `CREATE TABLE (…)`. */
  tableEnd: string;
  /** Gives 1 as `held` once nobody else holds it; until the end of the transaction, or `unlock`. */
  lock: string;
  unlock: string;
  /** Gives the bytes of the tables as `size`. */
  size: string;
}

/** A pool of connections. */
export interface SqlDatabase extends SqlSession {
  readonly dialect: SqlDialect;
  /** Runs work in a transaction, again where another got in its way. */
  transaction<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** Connections of a pool: reports of one server wait for each other, and others are few at a time. */
export const connections = 4;
/** A connection has to be made within it. */
export const connectMs = 10_000;
/** A statement may take so long. */
export const statementMs = 30_000;

/** Tries of a transaction that others got in the way of. */
const mostTries = 5;

/** Runs a transaction over one connection; `isConflict` tells that it may succeed when it is run again. */
export async function inTransaction<Result>(
  session: SqlSession,
  work: (session: SqlSession) => Promise<Result>,
  isConflict: (error: unknown) => boolean,
): Promise<Result> {
  for (let turn = 1; ; turn += 1) {
    await session.query('BEGIN');
    try {
      const result = await work(session);
      await session.query('COMMIT');
      return result;
    } catch (error) {
      // One that does not come to its end so is given up with its connection.
      if (turn >= mostTries || !isConflict(error)) throw error;
      await session.query('ROLLBACK');
    }
  }
}

/** `INSERT` of a row, and its values. */
export function insertion(table: string, row: SqlRow): [sql: string, values: SqlValue[]] {
  const names = Object.keys(row);
  const marks = names.map(() => '?').join(', ');
  return [`INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks})`, Object.values(row)];
}

/** `?, ?` for so many values. */
export function marksOf(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** Opens the database that a URL names. Its library is loaded only then. */
export async function openDatabase(url: string): Promise<SqlDatabase> {
  const [, kind = '', rest = ''] = /^([a-z]+)(?:\+[a-z0-9]+)?(:\/\/.*)$/s.exec(url) ?? [];
  if (kind === 'mysql' || kind === 'mariadb')
    return told((await import('./mysql.ts')).openMysql(`mysql${rest}`));
  if (kind === 'postgres' || kind === 'postgresql')
    return told((await import('./postgres.ts')).openPostgres(`postgres${rest}`));
  throw new Error(
    "'database' should be mysql://USER:PASSWORD@HOST/NAME or postgres://USER:PASSWORD@HOST/NAME",
  );
}

/** Tells what the library throws as what it means to a request. */
function told(database: SqlDatabase): SqlDatabase {
  const fail = (error: unknown): never => {
    throw new Unavailable(reasonOf(error), { cause: error });
  };
  return {
    dialect: database.dialect,
    query: (sql, parameters) => database.query(sql, parameters).catch(fail),
    insert: (table, row) => database.insert(table, row).catch(fail),
    transaction: (work) => database.transaction(work).catch(fail),
    close: () => database.close(),
  };
}

/** A URL without its password. */
export function shownUrl(url: string): string {
  return url.replace(/^([^:]*:\/\/[^:@/]*):.*@/s, '$1@').replace(/\?.*$/s, '');
}

/** Where several addresses were tried each has a reason of its own. */
function reasonOf(error: unknown): string {
  const { message, errors, code } = error as { message?: string; errors?: Error[]; code?: string };
  return errors?.[0]?.message ?? (message || (code ?? 'it does not answer'));
}
