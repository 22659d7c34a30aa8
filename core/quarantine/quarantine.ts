import type { Json } from 'opsbro/sdk';

/** How an agent died: by its own doing, by somebody's signal, or nobody saw it. */
export type DeathCause = 'abort' | 'killed' | 'unknown';

// 128 + SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGSEGV: what V8 and native code end a process with.
const aborts: readonly number[] = [132, 133, 134, 135, 139];
const killed: readonly number[] = [129, 130, 137, 143];

/** What an exit status, as a shell sees it, tells of a death. */
export function causeOfDeath(status: number | undefined): DeathCause {
  if (status === undefined) return 'unknown';
  if (killed.includes(status)) return 'killed';
  return aborts.includes(status) ? 'abort' : 'unknown';
}

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
 * Plugins that may not run because the agent died while they did, and suspects: several ran, so each runs apart from the other suspects until
 * the agent survives a run of it. If it dies again, the one suspect that ran is the culprit, whatever else ran beside it.
 */
export class Quarantine {
  readonly #entries = new Map<string, QuarantineEntry>();
  readonly #suspects = new Set<string>();
  readonly #store: QuarantineStore;
  #turns: Promise<unknown> = Promise.resolve();

  constructor(store: QuarantineStore) {
    this.#store = store;
  }

  restore(plugin: string, value: Json): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    this.#entries.set(plugin, { reason: String(value.reason ?? ''), since: Number(value.since ?? 0) });
  }

  restoreSuspect(plugin: string): void {
    this.#suspects.add(plugin);
  }

  /**
   * Takes the journal of an agent that died and tells who is quarantined for it and who is suspected. Somebody who ends the process from
   * outside (`killed`) clears all; where the cause is not known, one death makes a suspect and only the second a culprit.
   */
  async accuse(
    running: string[],
    cause: DeathCause,
    at: number,
  ): Promise<{ quarantined: string[]; suspected: string[] }> {
    if (cause === 'killed') return { quarantined: [], suspected: [] };
    const fresh = running.filter((plugin) => !this.#entries.has(plugin));
    const again = fresh.filter((plugin) => this.#suspects.has(plugin));
    const accused = again.length > 0 ? again : fresh;
    if (accused.length === 1 && (cause === 'abort' || again.length === 1)) {
      for (const plugin of accused) {
        await this.add(plugin, 'the agent died while it ran', at);
        await this.clear(plugin);
      }
      return { quarantined: accused, suspected: [] };
    }
    for (const plugin of accused) this.#suspects.add(plugin);
    if (accused.length > 0)
      await this.#store.put({ put: accused.map((plugin) => [`suspect/${plugin}`, at]) });
    return { quarantined: [], suspected: accused };
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

  /** Everything that is kept from running. */
  all(): [plugin: string, entry: QuarantineEntry][] {
    return [...this.#entries];
  }

  isSuspect(plugin: string): boolean {
    return this.#suspects.has(plugin);
  }

  /** Runs a suspect apart from all others, after those that came before, and clears it when it ran and the agent `survived` that. */
  async inTurn<Value>(
    plugin: string,
    act: () => Promise<{ value: Value; survived: boolean }>,
  ): Promise<Value> {
    const turn = this.#turns.then(act);
    this.#turns = turn.catch(() => undefined);
    const { value, survived } = await turn;
    if (survived) await this.clear(plugin);
    return value;
  }

  async clear(plugin: string): Promise<void> {
    if (!this.#suspects.delete(plugin)) return;
    await this.#store.put({ del: [`suspect/${plugin}`] });
  }
}
