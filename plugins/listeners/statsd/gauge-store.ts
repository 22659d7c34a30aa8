import type { Json, JsonObject, KeyValues } from 'opsbro/sdk';

const prefix = 'statsd/gauges/';
/** So many names fit a value of the store, however long they are. */
const perKey = 48;
/** Keys written after one interval; the rest follows after the next. */
const keysATurn = 64;
/** Keys that are compared in one turn of the loop, about a millisecond. */
const partsATurn = 20;

/** One gauge: its name as it is stored, with its tags, and its value. */
export type KeptGauge = [base: string, tags: string, value: number];

/**
 * Keeps gauges over restarts: in the keys of the agent what stood at the end of an interval, and in the state of the service, which it saves
 * as it stops, what has changed since.
 */
export class GaugeStore {
  readonly #keys: KeyValues;
  readonly #state: JsonObject;
  /** What each key holds, as text. */
  readonly #written = new Map<number, string>();

  constructor(keys: KeyValues, state: JsonObject) {
    this.#keys = keys;
    this.#state = state;
  }

  /** All gauges as they last stood, the latest value of one that is there twice last. */
  async load(): Promise<KeptGauge[]> {
    const found: KeptGauge[] = [];
    for (const key of await this.#keys.list(prefix)) {
      const value = await this.#keys.get(key);
      const part = Number(key.slice(prefix.length));
      if (Number.isSafeInteger(part)) this.#written.set(part, JSON.stringify(value ?? null));
      found.push(...gaugesIn(value));
    }
    found.push(...gaugesIn(this.#state.gauges));
    return found;
  }

  /**
   * Writes the parts that changed, some at a time, and lets the loop turn in between: packets come meanwhile. Rejects where the agent does not
   * take them.
   */
  async save(gauges: Iterable<KeptGauge>): Promise<void> {
    let [parts, writes]: [number, number] = [0, 0];
    const put = async (value: KeptGauge[]): Promise<void> => {
      const part = parts;
      parts += 1;
      if (part % partsATurn === partsATurn - 1) await new Promise((resolve) => setImmediate(resolve));
      const text = JSON.stringify(value);
      if (writes === keysATurn || this.#written.get(part) === text) return;
      writes += 1;
      await this.#keys.put(keyOf(part), value);
      this.#written.set(part, text);
    };
    let next: KeptGauge[] = [];
    for (const gauge of gauges) {
      next.push(gauge);
      if (next.length < perKey) continue;
      await put(next);
      next = [];
    }
    if (next.length > 0) await put(next);
    for (const part of [...this.#written.keys()].filter((part) => part >= parts)) {
      await this.#keys.delete(keyOf(part));
      this.#written.delete(part);
    }
  }

  /** Puts into the state what no key holds yet, as far as it has room: called as the service stops, when nothing can be waited for. */
  saveLast(gauges: Iterable<KeptGauge>): void {
    const kept = new Set(
      [...this.#written.values()].flatMap((text) => gaugesIn(JSON.parse(text) as Json).map(String)),
    );
    let room = 200_000;
    const last: KeptGauge[] = [];
    for (const gauge of gauges) {
      if (kept.has(String(gauge))) continue;
      room -= gauge[0].length + gauge[1].length + 80;
      if (room < 0 || last.length > 6000) break;
      last.push(gauge);
    }
    this.#state.gauges = last;
  }
}

function keyOf(part: number): string {
  return `${prefix}${String(part).padStart(5, '0')}`;
}

function gaugesIn(value: Json | undefined): KeptGauge[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (one): one is KeptGauge =>
      Array.isArray(one) &&
      typeof one[0] === 'string' &&
      typeof one[1] === 'string' &&
      typeof one[2] === 'number',
  );
}
