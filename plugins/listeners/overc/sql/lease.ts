import type { SqlDatabase, SqlSession } from './database.ts';

/** Who supervises stays so for so long without a word, by the clock of the database. */
const usualSeconds = 30;
/** The last third is left unused: clocks run apart, and what is told takes a moment. */
const share = 2 / 3;

/**
 * Which of several servers on one database supervises: the one that is in the row. Each that comes to be it counts `token` up, so that one that
 * lost it without a word, in a long stall, changes nothing any more.
 */
export class Lease {
  readonly #database: SqlDatabase;
  readonly #owner: string;
  readonly #seconds: number;
  #token: number | null = null;
  /** After a restart it goes on at once with what it had before. */
  #isFirst = true;
  /** Monotonic ms. */
  #untilMs = 0;

  constructor(database: SqlDatabase, owner: string, seconds = usualSeconds) {
    this.#database = database;
    this.#owner = owner;
    this.#seconds = seconds;
  }

  /** Whether it is this one, as far as it knows. */
  isHeld(nowMs: number): boolean {
    return this.#token !== null && nowMs < this.#untilMs;
  }

  /** Makes it last, or takes it where nobody has it. To be called often. */
  async hold(nowMs: number): Promise<boolean> {
    const { now } = this.#database.dialect;
    const until = `${now} + ${this.#seconds}`;
    const renewed = await this.#database.query(
      `UPDATE push_lease SET lease_until = ${until} WHERE id = 1 AND owner = ? AND token = ?`,
      [this.#owner, this.#token ?? -1],
    );
    if (renewed.changed === 0) this.#token = await this.#take(now, until);
    this.#isFirst = false;
    if (this.#token !== null) this.#untilMs = nowMs + this.#seconds * share * 1000;
    return this.#token !== null;
  }

  /** Within a transaction: holds the others off until its end. False where another has it. */
  async fences(session: SqlSession): Promise<boolean> {
    const { rows } = await session.query(
      'SELECT token FROM push_lease WHERE id = 1 AND owner = ? AND token = ? FOR UPDATE',
      [this.#owner, this.#token ?? -1],
    );
    return rows.length > 0;
  }

  /** Others need not wait for its end. */
  async release(): Promise<void> {
    await this.#database.query(
      'UPDATE push_lease SET lease_until = 0 WHERE id = 1 AND owner = ? AND token = ?',
      [this.#owner, this.#token ?? -1],
    );
    this.#token = null;
  }

  async #take(now: string, until: string): Promise<number | null> {
    return this.#database.transaction(async (session) => {
      const { changed } = await session.query(
        `UPDATE push_lease SET owner = ?, token = token + 1, lease_until = ${until} WHERE id = 1 AND (lease_until < ${now} OR owner = ?)`,
        [this.#owner, this.#isFirst ? this.#owner : ''],
      );
      if (changed === 0) return null;
      const { rows } = await session.query('SELECT token FROM push_lease WHERE id = 1');
      return Number(rows[0]?.token);
    });
  }
}
