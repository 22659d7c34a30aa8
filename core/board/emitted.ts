import type { Json } from 'opsbro/sdk';
import type { EmittedView } from '../../control/shapes.ts';
import type { Emit } from '../../threads/context/run-emits.ts';
import type { HostDeps, JobRunner } from '../host/deps.ts';

const mostKept = 100;
/** Of their data as JSON: a hundred plugins that emit all they may take little beside what they are. */
const mostBytes = 64 * 1024;

/** The last events of one plugin, and how many there were. */
export class EmittedEvents {
  readonly #kept: { topic: string; at: number; json: string }[] = [];
  #bytes = 0;
  #count = 0;
  #dropped = 0;

  add({ topic, data }: Emit, at: number): void {
    const json = JSON.stringify(data);
    this.#kept.push({ topic, at, json });
    this.#bytes += json.length;
    this.#count += 1;
    while (this.#kept.length > mostKept || this.#bytes > mostBytes)
      this.#bytes -= this.#kept.shift()?.json.length ?? 0;
  }

  drop(count: number): void {
    this.#dropped += count;
  }

  view(): EmittedView {
    const last = this.#kept.map(({ topic, at, json }) => ({
      topic,
      at: new Date(at).toISOString(),
      data: JSON.parse(json) as Json,
    }));
    return { count: this.#count, dropped: this.#dropped, last };
  }
}

/** What publishing takes. */
export type EmittedDeps = Pick<HostDeps, 'bus' | 'clock' | 'log' | 'registry'>;

/** Publishes an event of a plugin, and keeps it for those who look later. */
export function publishEmitted({ bus, clock, registry }: EmittedDeps, plugin: string, emit: Emit): void {
  const at = clock.now();
  registry.counter(plugin).emitted.add(emit, at);
  bus.publish('emitted', { plugin, ...emit, at });
}

/** Runs jobs as `pool` does, and publishes what each emitted once it has ended, however it ended. */
export function emittingPool(pool: JobRunner, deps: EmittedDeps): JobRunner {
  return {
    async run(job) {
      const result = await pool.run(job);
      const { kept = [], dropped = 0 } = result.emits ?? {};
      const { plugin, object } = job;
      for (const emit of kept) publishEmitted(deps, plugin, emit);
      if (dropped > 0) {
        deps.registry.counter(plugin).emitted.drop(dropped);
        deps.log.warn('events of a run were dropped', { plugin, object, dropped });
      }
      return result;
    },
  };
}
