import type { Observation } from '../../alerting/model.ts';
import { readOutcome } from '../../alerting/state/read-outcome.ts';
import type { Outcome } from '../../language/program.ts';
import { plainError } from '../errors.ts';
import type { Freshness } from '../results/freshness.ts';
import type { Results } from '../results/results.ts';
import { samplesNow } from '../results/seen.ts';
import type { HostDeps } from './deps.ts';
import type { Runtime } from './objects.ts';
import { detectionOf, withReason } from './rule-batch.ts';

/** Runs rules, all that the scheduler hands out at once as one batch over the same facts. */
export class RuleRuns {
  readonly #deps: HostDeps;
  readonly #results: Results;
  readonly #freshness: Freshness;

  constructor(deps: HostDeps, results: Results, freshness: Freshness) {
    this.#deps = deps;
    this.#results = results;
    this.#freshness = freshness;
  }

  start(runtimes: Runtime[]): void {
    this.once(runtimes)
      .catch((error: unknown) => {
        const { code, message } = plainError(error, 'OPSBRO_AGENT_STORE');
        this.#deps.log.error('verdicts could not be stored', { code, reason: message });
      })
      .finally(() => {
        for (const { object } of runtimes) this.#deps.scheduler.finished(object.id);
      });
  }

  async once(runtimes: Runtime[]): Promise<void> {
    const { board, clock, rules, table } = this.#deps;
    const startedMs = clock.monotonic();
    const asOf = runtimes.map((runtime) => this.#asOf(runtime));
    const samples = samplesNow(board);
    const outcomes = await rules.evaluate(
      runtimes.map(({ object }) => object.id),
      this.#deps.facts(),
    );
    const eachMs = (clock.monotonic() - startedMs) / runtimes.length;
    const verdicts: { runtime: Runtime; result: Observation; asOf?: number }[] = [];
    const detections: Promise<void>[] = [];
    const at = clock.now();
    for (const [index, runtime] of runtimes.entries()) {
      const outcome = outcomes[index] as Outcome;
      if (!table.isCurrent(runtime)) continue;
      runtime.lastRun = at;
      runtime.durationMs = eachMs;
      if (runtime.object.kind === 'check') {
        const result = withReason(readOutcome(outcome), runtime, table, board);
        this.#count(runtime, eachMs, result.error?.code ?? null);
        verdicts.push({
          runtime,
          result: this.#freshness.judged(result, runtime),
          asOf: asOf[index] as number,
        });
      } else {
        runtime.asOf = asOf[index] as number;
        detections.push(this.#detected(runtime, outcome, eachMs));
      }
    }
    await Promise.all([this.#results.verdicts(verdicts, samples), ...detections]);
    for (const runtime of runtimes) runtime.hasRun = true;
  }

  /** A rule tells no more of now than the oldest measurement that it reads. */
  #asOf(runtime: Runtime): number {
    const measured = this.#deps.table.sources(runtime).map(({ asOf }) => asOf ?? Number.POSITIVE_INFINITY);
    return Math.min(this.#deps.clock.now(), ...measured);
  }

  async #detected(runtime: Runtime, outcome: Outcome, durationMs: number): Promise<void> {
    const detection = detectionOf(outcome, runtime, this.#deps.table);
    const { found } = detection;
    this.#count(runtime, durationMs, found === null ? detection.code : null);
    if (found !== null) {
      this.#results.settle(runtime, 'ok', '');
      await this.#results.groups(runtime, found.matched, found.groups);
      return;
    }
    this.#results.settle(runtime, 'error', detection.log);
    // An overloaded host must not look as if its applications were gone: what it found last stays, since only a no takes groups away.
    runtime.matched = null;
  }

  #count(runtime: Runtime, durationMs: number, code: string | null): void {
    this.#deps.registry.counter(runtime.object.plugin).ran(durationMs, code);
  }
}
