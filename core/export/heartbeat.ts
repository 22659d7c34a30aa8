import type { AgentSettings } from '../../configuration/model.ts';
import { plainError } from '../errors.ts';
import type { HostDeps } from '../host/deps.ts';
import { codeOf } from '../host/plugin-code.ts';

const plugin = 'exporter/heartbeat';
const timeoutMs = 15_000;

/**
 * Calls the URL of `agent.yml` from the scheduler's tick, in a job thread: when the ticks stop, or no job ends, nobody hears of this agent.
 * One call at a time; one that is late leaves out those behind it.
 */
export class Heartbeat {
  readonly #deps: Pick<HostDeps, 'log' | 'pool' | 'registry'>;
  readonly #settings: () => AgentSettings['heartbeat'];
  #dueMs = 0;
  #isCalling = false;
  #fails = false;

  constructor(deps: Pick<HostDeps, 'log' | 'pool' | 'registry'>, settings: () => AgentSettings['heartbeat']) {
    this.#deps = deps;
    this.#settings = settings;
  }

  tick(nowMs: number): void {
    const settings = this.#settings();
    if (settings === null || this.#isCalling || nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + settings.intervalMs;
    this.#isCalling = true;
    void this.#call(settings)
      .catch((error: unknown) => plainError(error, 'OPSBRO_PLUGIN_FAILED').message)
      .then((reason) => this.#tell(reason))
      .finally(() => {
        this.#isCalling = false;
      });
  }

  /** Why it did not get through, or null. */
  async #call({ options }: NonNullable<AgentSettings['heartbeat']>): Promise<string | null> {
    const { pool, registry } = this.#deps;
    const code = codeOf(registry.get(plugin));
    if (code === undefined) return `${plugin} is not installed`;
    const run = { type: 'export', object: plugin, name: 'heartbeat' } as const;
    const result = await pool.run({ ...code, ...run, options, state: {}, timeoutMs });
    const error = result.status === 'failed' ? result.error : null;
    registry.counter(plugin).ran(result.durationMs, error?.code ?? null, result.heapUsedBytes);
    return error?.message ?? null;
  }

  #tell(reason: string | null): void {
    const fails = reason !== null;
    if (fails === this.#fails) return;
    this.#fails = fails;
    const { log } = this.#deps;
    if (fails) log.warn('the heartbeat does not get through', { plugin, reason });
    else log.info('the heartbeat gets through again', { plugin });
  }
}
