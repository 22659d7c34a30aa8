import type { Observation } from '../../alerting/model.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { CheckCommand } from '../../configuration/policy/model.ts';
import type { CheckRun, CommandRequest } from '../../exec/command.ts';
import { plainError } from '../errors.ts';
import type { Results } from '../results/results.ts';
import type { HostDeps } from './deps.ts';
import type { Runtime } from './objects.ts';

/** Runs commands in a thread of their own. Never rejects: what cannot run is UNKNOWN and says why. */
export interface CommandRunner {
  run(request: CommandRequest): Promise<CheckRun>;
}

interface Running {
  runtime: Runtime;
  ended: Promise<void>;
}

/** Runs the checks that are scripts. Results that arrive together are one batch for the store. */
export class CommandRuns {
  readonly #deps: HostDeps;
  readonly #results: Results;
  readonly #running = new Map<string, Running>();
  #arrived: { runtime: Runtime; result: Observation; asOf: number }[] = [];
  #stored: Promise<void> = Promise.resolve();

  constructor(deps: HostDeps, results: Results) {
    this.#deps = deps;
    this.#results = results;
  }

  /** Runs a check that is due and gives it back to the scheduler. */
  async start(runtime: Runtime): Promise<void> {
    const { id, plugin } = runtime.object;
    try {
      await this.once(runtime);
    } catch (error) {
      const { code, message } = plainError(error, 'OPSBRO_AGENT_STORE');
      this.#deps.log.error('a result could not be stored', { plugin, code, reason: message });
    }
    this.#deps.scheduler.finished(id);
  }

  /** Runs a check; joins the run that is under way, if any, so that runs of one check never overlap. */
  once(runtime: Runtime): Promise<void> {
    const { id } = runtime.object;
    const running = this.#running.get(id);
    if (running?.runtime === runtime) return running.ended;
    const own = { runtime, ended: Promise.resolve() };
    this.#running.set(id, own);
    own.ended = this.#run(own, running?.ended);
    return own.ended;
  }

  async #run(own: Running, before: Promise<void> | undefined): Promise<void> {
    try {
      if (before !== undefined) await before.catch(() => undefined);
      const { runtime } = own;
      const { command } = runtime.object as CheckObject;
      if (command === undefined || !this.#deps.table.isCurrent(runtime)) return;
      await this.#once(runtime, command);
    } finally {
      const { id } = own.runtime.object;
      if (this.#running.get(id) === own) this.#running.delete(id);
    }
  }

  async #once(runtime: Runtime, command: CheckCommand): Promise<void> {
    const { clock, commands, registry, table } = this.#deps;
    const { unresolved } = command;
    const asOf = clock.now();
    const run = unresolved.length > 0 ? null : await commands.run(requestOf(command));
    if (!table.isCurrent(runtime)) return;
    runtime.lastRun = clock.now();
    runtime.durationMs = run?.durationMs ?? 0;
    runtime.hasRun = true;
    if (run !== null) registry.counter(runtime.object.plugin).ran(run.durationMs, failureOf(run));
    const result: Observation =
      run === null ? { state: 'unknown', output: unresolved.join('; ') } : observationOf(run);
    await this.#conclude(runtime, result, asOf);
  }

  #conclude(runtime: Runtime, result: Observation, asOf: number): Promise<void> {
    this.#arrived.push({ runtime, result, asOf });
    if (this.#arrived.length === 1) {
      this.#stored = new Promise((resolve) => setImmediate(resolve)).then(() => {
        const arrived = this.#arrived;
        this.#arrived = [];
        return this.#results.verdicts(arrived);
      });
    }
    return this.#stored;
  }
}

const requests = new WeakMap<CheckCommand, CommandRequest>();

/** Thousands wait at a time, so the request of a command is made once. */
function requestOf(whole: CheckCommand): CommandRequest {
  const known = requests.get(whole);
  if (known !== undefined) return known;
  const { environment, unresolved: _unresolved, ...command } = whole;
  const given: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(environment)) {
    const own = value ?? process.env[name];
    if (own !== undefined) given[name] = own;
  }
  const request = { ...command, environment: given };
  requests.set(whole, request);
  return request;
}

/** The code for the plugin's figures when a command was cut off or could not run; null when it ended by itself. */
function failureOf({ killedFor, refused }: CheckRun): string | null {
  if (killedFor === 'timeout') return 'OPSBRO_PLUGIN_TIMEOUT';
  if (killedFor === 'flood') return 'OPSBRO_PLUGIN_RESULT';
  return refused === null ? null : 'OPSBRO_PLUGIN_FAILED';
}

/** What a plugin printed, as the state machine takes it. */
export function observationOf({
  state,
  output,
  longOutput,
  perfdata,
}: Pick<CheckRun, 'state' | 'output' | 'longOutput' | 'perfdata'>): Observation {
  return {
    state,
    output,
    longOutput,
    perfdata: perfdata.map(({ label, value, unit, warn, crit, min, max }) => ({
      label,
      value,
      unit,
      warn: warn?.text ?? null,
      crit: crit?.text ?? null,
      min,
      max,
    })),
  };
}
