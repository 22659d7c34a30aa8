import type { PluginEntry } from '../../configuration/model.ts';
import type { PluginFigures } from './figures.ts';
import { RunCounter } from './figures.ts';
import { codeOf } from './plugin-code.ts';

/** A function expressions may call that runs in a job thread. */
export interface HostFunction {
  plugin: PluginEntry;
  timeout: string | undefined;
}

/** The plugins the agent knows, their figures, and the host-touching functions they give, by canonical name. */
export class Registry {
  readonly #entries = new Map<string, PluginEntry>();
  readonly #counters = new Map<string, RunCounter>();
  readonly #functions = new Map<string, HostFunction>();

  /** Takes a new complete list; figures of plugins that stay are kept. Returns the ids whose code changed or went. */
  replace(entries: PluginEntry[]): string[] {
    const next = new Map(entries.map((entry) => [entry.id, entry]));
    const changed = [...this.#entries.values()]
      .filter((entry) => {
        const now = next.get(entry.id);
        return now === undefined || now.digest !== entry.digest || now.module !== entry.module;
      })
      .map((entry) => entry.id);
    this.#entries.clear();
    this.#functions.clear();
    for (const [id, entry] of next) {
      this.#entries.set(id, entry);
      if (entry.manifest.kind !== 'functions' || codeOf(entry) === undefined) continue;
      for (const [name, signature] of Object.entries(entry.manifest.functions ?? {})) {
        this.#functions.set(name, { plugin: entry, timeout: signature.timeout });
      }
    }
    for (const id of this.#counters.keys()) if (!next.has(id)) this.#counters.delete(id);
    return changed;
  }

  get(id: string): PluginEntry | undefined {
    return this.#entries.get(id);
  }

  all(): PluginEntry[] {
    return [...this.#entries.values()];
  }

  /** Whether a collector needs what services publish by this topic. */
  isCollected(topic: string): boolean {
    return this.all().some(
      ({ manifest }) => manifest.kind === 'collector' && manifest.needs?.includes(topic),
    );
  }

  hostFunction(name: string): HostFunction | undefined {
    return this.#functions.get(name);
  }

  /** The counter of a plugin, made at its first run. */
  counter(id: string): RunCounter {
    let counter = this.#counters.get(id);
    if (counter === undefined) {
      counter = new RunCounter();
      this.#counters.set(id, counter);
    }
    return counter;
  }

  figures(id: string): PluginFigures {
    return (this.#counters.get(id) ?? new RunCounter()).figures();
  }
}
