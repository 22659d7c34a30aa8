import type { Json, JsonObject } from 'opsbro/sdk';

/** Where plugins' memory is kept over restarts. */
export interface StateStore {
  putLazy(batch: { put?: [string, Json][]; del?: string[] }): void;
  entries(prefix: string): Promise<[string, Json][]>;
}

const prefix = 'state/';

/** `ctx.state` of every object: held here, so that any thread may be terminated at any time, and saved once a minute and at stop. */
export class PluginStates {
  readonly #states = new Map<string, JsonObject>();
  readonly #dirty = new Set<string>();
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  async restore(): Promise<void> {
    for (const [key, value] of await this.#store.entries(prefix)) {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        this.#states.set(key.slice(prefix.length), value);
      }
    }
  }

  ids(): Iterable<string> {
    return this.#states.keys();
  }

  get(id: string): JsonObject {
    return this.#states.get(id) ?? {};
  }

  set(id: string, state: JsonObject): void {
    this.#states.set(id, state);
    this.#dirty.add(id);
  }

  delete(id: string): void {
    if (this.#states.delete(id)) this.#dirty.add(id);
  }

  /** Hands what changed to the store, which writes it in its own time. */
  save(): void {
    if (this.#dirty.size === 0) return;
    const put: [string, Json][] = [];
    const del: string[] = [];
    for (const id of this.#dirty) {
      const state = this.#states.get(id);
      if (state === undefined) del.push(prefix + id);
      else put.push([prefix + id, state]);
    }
    this.#dirty.clear();
    this.#store.putLazy({ put, del });
  }
}
