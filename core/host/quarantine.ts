import type { Json } from 'opsbro/sdk';

/** Why a plugin is kept from running, and since when (epoch ms). */
export interface QuarantineEntry {
  reason: string;
  since: number;
}

/** Where quarantine is kept over restarts. */
export interface QuarantineStore {
  put(batch: { put?: [string, Json][]; del?: string[] }): Promise<void>;
}

/**
 * Plugins that may not run because the agent died while they did, and suspects: several ran, so each runs alone until one
 * clean run clears it; if the agent dies again, the journal then names exactly one.
 */
export class Quarantine {
  readonly #entries = new Map<string, QuarantineEntry>();
  readonly #suspects = new Set<string>();
  readonly #store: QuarantineStore;

  constructor(store: QuarantineStore) {
    this.#store = store;
  }

  restore(plugin: string, value: Json): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    this.#entries.set(plugin, { reason: String(value.reason ?? ''), since: Number(value.since ?? 0) });
  }

  /** Takes the journal of an agent that died: one plugin is quarantined, several become suspects. Returns the quarantined ones. */
  async accuse(running: string[], at: number): Promise<string[]> {
    const fresh = running.filter((plugin) => !this.#entries.has(plugin));
    if (fresh.length > 1) {
      for (const plugin of fresh) this.#suspects.add(plugin);
      return [];
    }
    for (const plugin of fresh) await this.add(plugin, 'the agent died while it ran', at);
    return fresh;
  }

  async add(plugin: string, reason: string, at: number): Promise<void> {
    this.#entries.set(plugin, { reason, since: at });
    await this.#store.put({ put: [[`quarantine/${plugin}`, { reason, since: at }]] });
  }

  /** True when the plugin was quarantined; it runs again from now on. */
  async release(plugin: string): Promise<boolean> {
    const known = this.#entries.delete(plugin);
    if (known) await this.#store.put({ del: [`quarantine/${plugin}`] });
    return known;
  }

  get(plugin: string): QuarantineEntry | undefined {
    return this.#entries.get(plugin);
  }

  isSuspect(plugin: string): boolean {
    return this.#suspects.has(plugin);
  }

  clear(plugin: string): void {
    this.#suspects.delete(plugin);
  }
}
