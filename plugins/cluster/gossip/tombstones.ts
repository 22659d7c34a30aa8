import type { Member } from './members.ts';

/** Left members that nobody sees any more, kept so that an old record of theirs does not bring them back. The oldest goes first beyond `limit`. */
export class Tombstones {
  readonly #keepMs: number;
  readonly #limit: number;
  readonly #graves = new Map<string, { member: Member; untilMs: number }>();

  constructor(keepMs: number, limit = 10_000) {
    this.#keepMs = keepMs;
    this.#limit = limit;
  }

  get(uuid: string): Member | undefined {
    return this.#graves.get(uuid)?.member;
  }

  add(member: Member, nowMs: number): void {
    this.#graves.delete(member.uuid);
    this.#graves.set(member.uuid, { member, untilMs: nowMs + this.#keepMs });
    const oldest = this.#graves.keys().next().value;
    if (this.#graves.size > this.#limit && oldest !== undefined) this.#graves.delete(oldest);
  }

  delete(uuid: string): void {
    this.#graves.delete(uuid);
  }

  /** Drops what was kept long enough. */
  purge(nowMs: number): void {
    for (const [uuid, { untilMs }] of this.#graves) {
      if (untilMs > nowMs) break;
      this.#graves.delete(uuid);
    }
  }
}
