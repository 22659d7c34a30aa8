import type { Json } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';

/** Of a key of the store of plugins, as UTF-8. */
export const maxKeyBytes = 512;
/** Of a value, as JSON. */
export const maxValueBytes = 64 * 1024;

/** The part of the agent's exact store that keys need. */
export interface KeyStorage {
  get(key: string): Promise<Json | undefined>;
  put(batch: { put?: [key: string, value: Json][]; del?: string[] }): Promise<void>;
  keys(prefix: string, most: number): Promise<string[]>;
  /** Every key that begins with `prefix` and the size of its value, ordered by key. */
  sizes(prefix: string): Promise<[key: string, bytes: number][]>;
}

/** What may be kept: keys and bytes below one first step of keys (`postfix/`), and of all plugins together. */
export const keyBounds = {
  space: { keys: 10_000, bytes: 16 * 2 ** 20 },
  all: { keys: 50_000, bytes: 64 * 2 ** 20 },
};

const place = 'kv/';

interface Use {
  keys: number;
  bytes: number;
}

/**
 * `ctx.kv` of all plugins, on the main thread: keys below `kv/` of the exact store, so that what `put` resolved for survives a kill. Which
 * plugin may see which key was decided by whoever asks. Knows all keys by heart once the first is asked for, not their values.
 */
export class Keys {
  readonly #storage: KeyStorage;
  readonly #bounds: typeof keyBounds;
  readonly #spaces = new Map<string, Use>();
  readonly #all: Use = { keys: 0, bytes: 0 };
  #sizes: Promise<Map<string, number>> | undefined;

  constructor(storage: KeyStorage, bounds: typeof keyBounds = keyBounds) {
    this.#storage = storage;
    this.#bounds = bounds;
  }

  /** The value of a key, or null. */
  async get(key: string): Promise<Json> {
    return (await this.#storage.get(place + key)) ?? null;
  }

  /** Resolves once the value is on the disk. Rejects with `OPSBRO_AGENT_BUSY` where there is no more room. */
  async put(key: string, value: Json): Promise<void> {
    checkKey(key);
    const bytes = Buffer.byteLength(JSON.stringify(value));
    if (bytes > maxValueBytes)
      throw new OpsbroError('OPSBRO_API_INVALID', `the value of ${key} is over ${maxValueBytes} bytes`);
    const sizes = await this.#known();
    const old = sizes.get(key);
    this.#makeRoom(key, { keys: old === undefined ? 1 : 0, bytes: bytes - (old ?? 0) });
    sizes.set(key, bytes);
    await this.#write({ put: [[place + key, value]] }, () => {
      if (old === undefined) sizes.delete(key);
      else sizes.set(key, old);
      this.#count(key, { keys: old === undefined ? -1 : 0, bytes: (old ?? 0) - bytes });
    });
  }

  /** Resolves once the key is gone, also when it was not there. */
  async delete(key: string): Promise<void> {
    const sizes = await this.#known();
    const old = sizes.get(key);
    if (old === undefined) return;
    sizes.delete(key);
    this.#count(key, { keys: -1, bytes: -old });
    await this.#write({ del: [place + key] }, () => {
      sizes.set(key, old);
      this.#count(key, { keys: 1, bytes: old });
    });
  }

  /**
   * Keys that begin with `prefix`, in the order of their bytes, at most as many as one space may have. The store looks them up in a thread: to
   * sort ten thousand here takes 25 ms, and a run may ask for many lists.
   */
  async list(prefix: string): Promise<string[]> {
    const found = await this.#storage.keys(place + prefix, this.#bounds.space.keys);
    return found.map((key) => key.slice(place.length));
  }

  /** What the disk does not take is written later; what the store has no room for in its queue is not, and undone. */
  async #write(batch: Parameters<KeyStorage['put']>[0], undo: () => void): Promise<void> {
    try {
      await this.#storage.put(batch);
    } catch (thrown) {
      if ((thrown as OpsbroError).code === 'OPSBRO_AGENT_BUSY') undo();
      throw thrown;
    }
  }

  #known(): Promise<Map<string, number>> {
    this.#sizes ??= this.#storage.sizes(place).then(
      (found) => {
        const sizes = new Map(found.map(([key, bytes]) => [key.slice(place.length), bytes]));
        for (const [key, bytes] of sizes) this.#count(key, { keys: 1, bytes });
        return sizes;
      },
      (error: unknown) => {
        this.#sizes = undefined;
        throw error;
      },
    );
    return this.#sizes;
  }

  #makeRoom(key: string, more: Use): void {
    const space = spaceOf(key);
    const { space: own, all } = this.#bounds;
    for (const [use, most, where] of [
      [this.#spaces.get(space), own, `below ${space}`],
      [this.#all, all, 'of all plugins'],
    ] as const) {
      if (more.keys > 0 && (use?.keys ?? 0) + more.keys > most.keys)
        throw new OpsbroError(
          'OPSBRO_AGENT_BUSY',
          `${key}: there are ${most.keys} keys ${where}, the most there may be`,
        );
      if (more.bytes > 0 && (use?.bytes ?? 0) + more.bytes > most.bytes)
        throw new OpsbroError(
          'OPSBRO_AGENT_BUSY',
          `${key}: the values ${where} would be over ${most.bytes} bytes`,
        );
    }
    this.#count(key, more);
  }

  #count(key: string, { keys, bytes }: Use): void {
    const space = spaceOf(key);
    const use = this.#spaces.get(space) ?? { keys: 0, bytes: 0 };
    this.#spaces.set(space, { keys: use.keys + keys, bytes: use.bytes + bytes });
    if (use.keys + keys === 0) this.#spaces.delete(space);
    this.#all.keys += keys;
    this.#all.bytes += bytes;
  }
}

/** The first step of a key, with its `/`. */
function spaceOf(key: string): string {
  return key.slice(0, key.indexOf('/') + 1);
}

function checkKey(key: string): void {
  if (key === '' || Buffer.byteLength(key) > maxKeyBytes || key.includes('\0') || /\p{Cs}/u.test(key))
    throw new OpsbroError(
      'OPSBRO_API_INVALID',
      `a key has 1 to ${maxKeyBytes} bytes of well-formed text without NUL`,
    );
}
