import type { Json, KeyValues } from 'opsbro/sdk';
import { decodePacket, encodeMessage, exchangeBytes, joinMessages } from '../codec.ts';
import type { StateRow } from '../messages.ts';
import { elapsedMs, type Moment } from './moment.ts';

/** Members that are kept over a restart: enough to find the others again, who tell the rest. */
const mostRows = 2000;
/** A value of the store takes 64 KiB. */
const chunkBytes = 40 * 1024;
const chunkPattern = /\/table\/\d{1,4}$/;

/** What a node keeps on the disk: its table of members in pieces, its incarnation and its key. Each piece is written whole or not at all, and is worth something alone. */
export class SavedTable {
  readonly #kv: KeyValues;
  readonly #prefix: string;
  readonly #moment: () => Moment;
  #writing: Promise<void> = Promise.resolve();
  #waiting = new Map<string, Json>();

  /** `name` is that of the object that runs: another one keeps its own. `moment`: now. */
  constructor(kv: KeyValues, name: string, moment: () => Moment) {
    this.#kv = kv;
    this.#moment = moment;
    this.#prefix = `gossip/${name}`;
  }

  /** The rows that were saved, older by the time since then. What cannot be read is left out. */
  async rows(): Promise<StateRow[]> {
    const keys = (await this.#kv.list(`${this.#prefix}/table/`)).filter((key) => chunkPattern.test(key));
    const rows: StateRow[] = [];
    for (const key of keys) {
      const value = await this.#kv.get(key);
      const { at, boot, up, packet } = (value ?? {}) as { [field: string]: Json };
      if (typeof at !== 'number' || typeof packet !== 'string') continue;
      const saved = { epochMs: at, boot: typeof boot === 'string' ? boot : '', uptimeMs: Number(up) || 0 };
      const { messages } = decodePacket(Buffer.from(packet, 'base64'), exchangeBytes);
      const sinceMs = elapsedMs(saved, this.#moment());
      for (const message of messages)
        if (message.kind === 'state') rows.push({ ...message, ageMs: message.ageMs + sinceMs });
    }
    return rows;
  }

  /** Saves the rows in place of the earlier ones: members that take part first, then the others, up to 2,000. */
  saveRows(rows: readonly StateRow[]): Promise<void> {
    const isLive = ({ state }: StateRow): number => Number(state === 'alive' || state === 'suspect');
    const kept = [...rows].sort((one, other) => isLive(other) - isLive(one)).slice(0, mostRows);
    const chunks: Uint8Array[][] = [[]];
    let bytes = 0;
    for (const row of kept) {
      const packed = encodeMessage(row);
      if (bytes + packed.length > chunkBytes && bytes > 0) {
        chunks.push([]);
        bytes = 0;
      }
      chunks.at(-1)?.push(packed);
      bytes += packed.length;
    }
    const { epochMs: at, boot, uptimeMs: up } = this.#moment();
    for (const [index, chunk] of chunks.entries()) {
      const packet = Buffer.from(joinMessages(chunk)).toString('base64');
      this.#waiting.set(`${this.#prefix}/table/${index}`, { at, boot, up, packet });
    }
    return this.#write(chunks.length);
  }

  /** Forgets every member. */
  async forgetRows(): Promise<void> {
    for (const key of this.#waiting.keys()) if (chunkPattern.test(key)) this.#waiting.delete(key);
    await this.#write(0);
  }

  async get(name: string): Promise<Json | undefined> {
    return await this.#kv.get(`${this.#prefix}/${name}`);
  }

  /** Writes a small value. Of several while one is written, only the last of each name is. */
  put(name: string, value: Json): Promise<void> {
    this.#waiting.set(`${this.#prefix}/${name}`, value);
    return this.#write(undefined);
  }

  /** What cannot be written waits for the next time, and keeps nothing else from being written. Rejects with the first that was not. */
  async #putAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const key of [...this.#waiting.keys()]) {
      const value = this.#waiting.get(key);
      if (value === undefined) continue;
      this.#waiting.delete(key);
      try {
        await this.#kv.put(key, value);
      } catch (error) {
        errors.push(error);
        if (!this.#waiting.has(key)) this.#waiting.set(key, value);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** `chunks`: how many pieces the table now has; those above are dropped. */
  #write(chunks: number | undefined): Promise<void> {
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(async () => {
        await this.#putAll();
        if (chunks === undefined) return;
        for (const key of await this.#kv.list(`${this.#prefix}/table/`))
          if (Number(key.split('/').at(-1)) >= chunks) await this.#kv.delete(key);
      });
    return this.#writing;
  }
}
