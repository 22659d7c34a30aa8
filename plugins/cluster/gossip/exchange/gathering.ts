import type { Sized, Timers } from '../transport.ts';

/** Who waits is answered once nobody else has come for this long. */
const calmMs = 40;
/** The longest that one waits. */
const mostMs = 1000;
/** As many are answered at once, whoever comes behind them: they hold connections open. */
const mostWaiting = 100;
/**
 * Bytes of answers in one turn of the loop, and one answer at least: each is sealed by itself, which takes some 2 ms a MiB, and a probe must not
 * wait for a hundred large tables.
 */
const bytesPerTurn = 2 * 1024 * 1024;

/** How one who asked for a whole table is answered. */
type Reply<Packet> = (answer: Packet | undefined) => void;

/**
 * Those who ask for whole tables, answered together: when many start at one moment and join by one seed, each then learns of all from one
 * answer, made once for all of them, and nobody has to tell the first ones who came behind them.
 */
export class Gathering<Packet extends Sized> {
  readonly #timers: Timers;
  /** What one of a zone is told. */
  readonly #table: (zone: string | undefined) => Packet;
  #waiting: { zone: string | undefined; reply: Reply<Packet> }[] = [];
  /** Whose answer is made, and waits for its turn. */
  #answered: { table: Packet; reply: Reply<Packet> }[] = [];
  #sinceMs = 0;
  #lastMs = 0;
  #cancel: () => void = () => undefined;
  #cancelTurn: (() => void) | undefined;

  constructor(timers: Timers, table: (zone: string | undefined) => Packet) {
    this.#timers = timers;
    this.#table = table;
  }

  /** One of `zone` asks. */
  add(zone: string | undefined, reply: Reply<Packet>): void {
    this.#lastMs = this.#timers.now();
    if (this.#waiting.push({ zone, reply }) === 1) {
      this.#sinceMs = this.#lastMs;
      this.#arm();
    } else if (this.#waiting.length >= mostWaiting) this.#answer();
  }

  /** Answers nobody any more. */
  stop(): void {
    this.#cancel();
    this.#cancelTurn?.();
    for (const { reply } of [...this.#answered.splice(0), ...this.#waiting.splice(0)]) reply(undefined);
  }

  #arm(): void {
    const now = this.#timers.now();
    this.#cancel = this.#timers.after(Math.max(0, this.#dueMs() - now), () => {
      // One more turn of the loop: where it is slow, others knock already.
      this.#cancel = this.#timers.after(0, () => {
        // A timer may ring a moment early.
        if (this.#timers.now() + 1 >= this.#dueMs()) this.#answer();
        else this.#arm();
      });
    });
  }

  #dueMs(): number {
    return Math.min(this.#lastMs + calmMs, this.#sinceMs + mostMs);
  }

  #answer(): void {
    this.#cancel();
    const tables = new Map<string | undefined, Packet>();
    for (const { zone, reply } of this.#waiting.splice(0)) {
      const table = tables.get(zone) ?? this.#table(zone);
      tables.set(zone, table);
      this.#answered.push({ table, reply });
    }
    if (this.#cancelTurn === undefined) this.#turn();
  }

  #turn(): void {
    this.#cancelTurn = undefined;
    let left = bytesPerTurn;
    do {
      const next = this.#answered.shift();
      if (next === undefined) return;
      left -= next.table.length;
      next.reply(next.table);
    } while (left >= (this.#answered[0]?.table.length ?? 0));
    if (this.#answered.length > 0) this.#cancelTurn = this.#timers.after(0, () => this.#turn());
  }
}
