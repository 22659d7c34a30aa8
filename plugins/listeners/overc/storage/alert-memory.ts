import type { ExactStore } from 'opsbro/sdk';
import type { AlertRow } from '../model.ts';
import { idOf, keyOf, readAlert } from './records.ts';

/** How much of alerts is in memory, or read at once. */
export interface AlertRoom {
  /** Alerts of one kind. */
  count: number;
  /** Characters of their messages. */
  length: number;
}

const dayMs = 86_400_000;
/** Messages may be long, so few are read at a time. */
const perRead = 200;
const usualRoom: AlertRoom = { count: 50_000, length: 8 * 1024 * 1024 };

/** Alerts in memory: those that nobody was told of yet, oldest first, and those of the last day. What has no room is read from the store. */
export class AlertMemory {
  readonly #store: ExactStore;
  readonly #room: AlertRoom;
  readonly #unsent = new Map<number, AlertRow>();
  #unsentLength = 0;
  /** There are unsent ones behind those in memory. */
  #isMore = false;
  /** Up to where they were read: what the disk does not let go of is not told each time. */
  #readTo = 'u/';
  /** How many were added, so that a read knows whether some were meanwhile. */
  #added = 0;
  #recent: AlertRow[] = [];
  #recentLength = 0;
  /** Older recent ones may be missing, epoch ms. */
  #wholeSince = Number.NEGATIVE_INFINITY;

  constructor(store: ExactStore, room = usualRoom) {
    this.#store = store;
    this.#room = room;
  }

  /** How many nobody was told of, as far as they are in memory. */
  get waiting(): number {
    return this.#unsent.size;
  }

  /** Alerts that are recent, oldest first. */
  get recent(): readonly AlertRow[] {
    return this.#recent;
  }

  /** Reads what an earlier start left. Resolves with the highest id. */
  async load(now: number): Promise<number> {
    this.#isMore = true;
    await this.#readUnsent();
    const last = await this.newest();
    for (const alert of last.reverse()) if (alert.at > now - dayMs) this.#remember(alert);
    this.#wholeSince = last.length < this.#room.count ? this.#wholeSince : (last[0]?.at ?? 0);
    return last.at(-1)?.id ?? 0;
  }

  /** One that is new. */
  add(alert: AlertRow): void {
    this.#remember(alert);
    this.#added += 1;
    this.#isMore ||= this.#unsent.size >= this.#room.count || this.#unsentLength >= this.#room.length;
    if (this.#isMore || this.#unsent.has(alert.id)) return;
    this.#unsent.set(alert.id, alert);
    this.#unsentLength += alert.message.length;
  }

  /** One that others told of, wherever it was. */
  addTold(alert: AlertRow, now: number): void {
    if (alert.at > now - dayMs) this.#remember(alert);
  }

  /** Those that nobody was told of, oldest first. */
  async unsent(limit: number): Promise<AlertRow[]> {
    if (this.#unsent.size === 0) await this.#readUnsent();
    const first: AlertRow[] = [];
    for (const alert of this.#unsent.values()) {
      if (first.length >= limit) break;
      first.push(alert);
    }
    return first;
  }

  /** Somebody was told of these. */
  async sent(ids: number[]): Promise<void> {
    for (const id of ids) this.#forget(id);
    await this.#store.putLazy({ del: ids.map((id) => keyOf.unsent(id)) });
  }

  /** Those since a time, newest first; undefined where they are not all in memory. */
  since(time: number, now: number): AlertRow[] | undefined {
    const from = this.#recent.findIndex(({ at }) => at > now - dayMs);
    this.#cut(from === -1 ? this.#recent.length : from);
    if (time <= now - dayMs || time <= this.#wholeSince) return undefined;
    return this.#recent.filter(({ at }) => at >= time).reverse();
  }

  /** The newest of the store, newest first: as many as there is room for. */
  async newest(most = this.#room.count): Promise<AlertRow[]> {
    const found: AlertRow[] = [];
    for (let [before, length] = ['a0', 0]; found.length < most && length < this.#room.length; ) {
      const page = await this.#store.range({ gte: 'a/', lt: before, reverse: true, limit: perRead });
      for (const [key, value] of page) {
        const alert = readAlert(idOf(key), value);
        length += alert.message.length;
        found.push(alert);
      }
      // One that is not full may have had what cannot be read.
      if (page.length === 0) break;
      before = page.at(-1)?.[0] as string;
    }
    return found;
  }

  /** What is gone from the store. */
  drop(isGone: (alert: AlertRow) => boolean): void {
    this.#recent = this.#recent.filter((alert) => !isGone(alert));
    this.#recentLength = this.#recent.reduce((sum, { message }) => sum + message.length, 0);
    for (const alert of [...this.#unsent.values()]) if (isGone(alert)) this.#forget(alert.id);
  }

  #remember(alert: AlertRow): void {
    this.#recent.push(alert);
    this.#recentLength += alert.message.length;
    const { count, length } = this.#room;
    if (this.#recent.length <= 2 * count && this.#recentLength <= length) return;
    let [cut, left] = [0, this.#recentLength];
    // A half goes, so that it is not cut all the time.
    for (; cut < this.#recent.length && (this.#recent.length - cut > count || left > length / 2); cut += 1)
      left -= (this.#recent[cut] as AlertRow).message.length;
    for (const { at } of this.#recent.slice(0, cut)) this.#wholeSince = Math.max(this.#wholeSince, at);
    this.#cut(cut);
  }

  #cut(count: number): void {
    for (const { message } of this.#recent.splice(0, count)) this.#recentLength -= message.length;
  }

  #forget(id: number): void {
    this.#unsentLength -= this.#unsent.get(id)?.message.length ?? 0;
    this.#unsent.delete(id);
  }

  /** Reads the next of those that are behind; what has no alert any more is none. */
  async #readUnsent(): Promise<void> {
    while (this.#isMore && this.#unsent.size === 0) {
      const added = this.#added;
      const found = await this.#store.range({ gt: this.#readTo, lt: 'u0', limit: perRead });
      const keys = found.map(([key]) => key);
      const values = await this.#store.getMany(keys.map((key) => keyOf.alert(idOf(key))));
      this.#readTo = keys.at(-1) ?? this.#readTo;
      // What came in between belongs behind these, and was left to the store.
      this.#isMore = keys.length > 0 || this.#added !== added;
      const lost: string[] = [];
      for (const [index, key] of keys.entries()) {
        const value = values[index];
        if (value === undefined) lost.push(key);
        else {
          const alert = readAlert(idOf(key), value);
          this.#unsentLength += this.#unsent.has(alert.id) ? 0 : alert.message.length;
          this.#unsent.set(alert.id, alert);
        }
      }
      if (lost.length > 0) await this.#store.putLazy({ del: lost });
    }
  }
}
