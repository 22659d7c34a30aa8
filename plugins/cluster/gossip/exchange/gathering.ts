import type { Sized, Timers } from '../transport.ts';

/** Who waits is answered once nobody else has come for this long, and nobody is on the way. */
const calmMs = 40;
/** How often it is looked again whether those who are on their way have come. */
const lookMs = 20;
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

/** What a gathering needs of its node. */
export interface GatheringParts<Packet extends Sized> {
  timers: Timers;
  /** What one of a zone is told. */
  table(zone: string | undefined): Packet;
  /** Exchanges that others have open here: those beyond who waits are on their way, as one whose boot must show first that it runs now. */
  served(): number;
}

/**
 * Those who ask for whole tables, answered together: when many start at one moment and join by one seed, each then learns of all from one
 * answer, made once for all of them, and nobody has to tell the first ones who came behind them.
 */
export class Gathering<Packet extends Sized> {
  readonly #parts: GatheringParts<Packet>;
  #waiting: { zone: string | undefined; reply: Reply<Packet> }[] = [];
  /** Whose answer is made, and waits for its turn. */
  #answered: { table: Packet; reply: Reply<Packet> }[] = [];
  #sinceMs = 0;
  #lastMs = 0;
  #cancel: () => void = () => undefined;
  #cancelTurn: (() => void) | undefined;

  constructor(parts: GatheringParts<Packet>) {
    this.#parts = parts;
  }

  /** One of `zone` asks. */
  add(zone: string | undefined, reply: Reply<Packet>): void {
    this.#lastMs = this.#parts.timers.now();
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
    const now = this.#parts.timers.now();
    const calmAt = this.#lastMs + calmMs;
    const lookAt = Math.min(calmAt > now ? calmAt : now + lookMs, this.#sinceMs + mostMs);
    this.#cancel = this.#parts.timers.after(Math.max(0, lookAt - now), () => {
      // One more turn of the loop: where it is slow, others knock already.
      this.#cancel = this.#parts.timers.after(0, () => {
        if (this.#isDue()) this.#answer();
        else this.#arm();
      });
    });
  }

  #isDue(): boolean {
    // A timer may ring a moment early.
    const now = this.#parts.timers.now() + 1;
    if (now >= this.#sinceMs + mostMs) return true;
    return now >= this.#lastMs + calmMs && this.#parts.served() <= this.#waiting.length;
  }

  #answer(): void {
    this.#cancel();
    const tables = new Map<string | undefined, Packet>();
    for (const { zone, reply } of this.#waiting.splice(0)) {
      const table = tables.get(zone) ?? this.#parts.table(zone);
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
    if (this.#answered.length > 0) this.#cancelTurn = this.#parts.timers.after(0, () => this.#turn());
  }
}
