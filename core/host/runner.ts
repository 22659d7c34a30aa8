import { plainError } from '../errors.ts';
import { Freshness } from '../results/freshness.ts';
import { Results } from '../results/results.ts';
import { CommandRuns } from './command-runs.ts';
import type { HostDeps } from './deps.ts';
import { JobRuns } from './job-runs.ts';
import { isPassive, type Runtime } from './objects.ts';
import { waitsForData } from './rule-batch.ts';
import { RuleRuns } from './rule-runs.ts';

/** Sends what is due where it runs: rules in one batch to the expression thread, scripts to the thread that runs commands, the rest as jobs to pooled threads. */
export class Runner {
  readonly #deps: HostDeps;
  readonly #commands: CommandRuns;
  readonly #jobs: JobRuns;
  readonly #rules: RuleRuns;
  readonly #results: Results;
  readonly #freshness: Freshness;
  readonly #waiting = new Set<string>();

  constructor(deps: HostDeps) {
    this.#deps = deps;
    const results = new Results(deps);
    this.#results = results;
    this.#freshness = new Freshness(deps);
    this.#commands = new CommandRuns(deps, results);
    this.#jobs = new JobRuns(deps, results, this.#freshness, (runtime) => this.#firstRunEnded(runtime));
    this.#rules = new RuleRuns(deps, results, this.#freshness);
  }

  /** Starts the runs of one tick. Every id is given back to the scheduler when its run has ended, however it ended. */
  run(ids: string[]): void {
    const rules: Runtime[] = [];
    const now = this.#deps.clock.monotonic();
    for (const id of ids) {
      const runtime = this.#deps.table.get(id);
      if (runtime === undefined || !runtime.active) {
        this.#deps.scheduler.finished(id);
      } else if (runtime.object.kind !== 'collector' && runtime.object.program !== undefined) {
        if (waitsForData(runtime, this.#deps.table, now)) {
          this.#waiting.add(id);
          this.#deps.scheduler.finished(id);
        } else rules.push(runtime);
      } else if (isCommand(runtime)) void this.#commands.start(runtime);
      else this.#jobs.start(runtime);
    }
    for (const batch of splitBatches(rules)) this.#rules.start(batch);
  }

  /** Runs one object now and resolves when it has ended; false when it is not there or does not run here. */
  async runOnce(id: string): Promise<boolean> {
    const runtime = this.#deps.table.get(id);
    if (runtime === undefined || !runtime.active || isPassive(runtime)) return false;
    const rule = runtime.object.kind !== 'collector' && runtime.object.program !== undefined;
    if (rule) await this.#rules.once([runtime]);
    else await (isCommand(runtime) ? this.#commands : this.#jobs).once(runtime);
    return true;
  }

  /** Whether what an object found last is old: it could not tell for three rounds. */
  isLate(runtime: Runtime): boolean {
    return this.#freshness.isLate(runtime);
  }

  /** Marks the checks whose runs do not come; for once a second. Resolves when the store knows; never rejects. */
  async lookForLate(): Promise<void> {
    const late = this.#freshness.lateChecks();
    if (late.length === 0) return;
    await this.#results.verdicts(late).catch((error: unknown) => {
      const { code, message } = plainError(error, 'OPSBRO_AGENT_STORE');
      this.#deps.log.error('verdicts could not be stored', { code, reason: message });
    });
  }

  // A rule that waited for this collector need not wait for its own next due time.
  #firstRunEnded(runtime: Runtime): void {
    if (runtime.object.kind !== 'collector') return;
    for (const id of this.#waiting) {
      const waiter = this.#deps.table.get(id);
      if (waiter !== undefined && waitsForData(waiter, this.#deps.table, this.#deps.clock.monotonic()))
        continue;
      this.#waiting.delete(id);
      if (waiter !== undefined) this.#deps.scheduler.runNow(id);
    }
  }
}

function isCommand({ object }: Runtime): boolean {
  return object.kind === 'check' && object.command !== undefined;
}

/**
 * Rules that only compute travel together. One that asks the host may wait for seconds, and one in JavaScript may have to be killed: each of
 * those is a batch of its own, so that nobody waits for it.
 */
function splitBatches(rules: Runtime[]): Runtime[][] {
  const alone: Runtime[][] = [];
  const together: Runtime[] = [];
  for (const runtime of rules) {
    const program = runtime.object.kind === 'collector' ? undefined : runtime.object.program;
    if (program?.language === 'javascript' || (program?.functions.length ?? 0) > 0) alone.push([runtime]);
    else together.push(runtime);
  }
  return together.length > 0 ? [together, ...alone] : alone;
}
