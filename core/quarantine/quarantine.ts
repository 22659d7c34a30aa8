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

/**
 * Deaths in a row, each while the same suspect ran, that make it the culprit where nobody saw how the agent died: plugins that end a process
 * do so every time, while whoever ends it from outside, by kill -9 or for want of memory, hits what happens to run.
 */
const unseenDeaths = 4;

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
  /** How often in a row the agent died while each of them ran. */
  readonly #suspects = new Map<string, number>();
  readonly #store: QuarantineStore;
  #turns: Promise<unknown> = Promise.resolve();

  constructor(store: QuarantineStore) {
    this.#store = store;
  }

  restore(plugin: string, value: Json): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    this.#entries.set(plugin, { reason: String(value.reason ?? ''), since: Number(value.since ?? 0) });
  }

  /** A suspect, and of how many deaths in a row. */
  restoreSuspect(plugin: string, value: Json): void {
    this.#suspects.set(plugin, deathsOf(value));
  }

  /**
   * Takes the journal of an agent that died and tells who is quarantined for it and who is suspected. Somebody who ends the process from
   * outside (`killed`) clears all; where the cause is not known, one death makes a suspect and only the fourth in a row a culprit.
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
    const deaths = (plugin: string): number => (this.#suspects.get(plugin) ?? 0) + 1;
    const isProven = accused.every((plugin) => cause === 'abort' || deaths(plugin) >= unseenDeaths);
    if (accused.length === 1 && isProven) {
      for (const plugin of accused) {
        await this.add(plugin, 'the agent died while it ran', at);
        await this.clear(plugin);
      }
      return { quarantined: accused, suspected: [] };
    }
    const suspects = accused.map((plugin): [string, number] => [plugin, deaths(plugin)]);
    for (const [plugin, count] of suspects) this.#suspects.set(plugin, count);
    if (suspects.length > 0)
      await this.#store.put({
        put: suspects.map(([plugin, count]) => [`suspect/${plugin}`, { since: at, deaths: count }]),
      });
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

function deathsOf(value: Json): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 1;
  return typeof value.deaths === 'number' ? value.deaths : 1;
}
