import type { ExportedFacts, JsonObject, ServiceContext } from 'opsbro/sdk';
import { cleanStep, metricsOf, stepsOf, stepsOfNamed } from './naming.ts';
import type { Options } from './options.ts';

/** Where what is measured goes. */
export interface OwnMetricsSink {
  /** Takes one point in. */
  take(name: string, time: number, value: number): void;
  /** Called after some points were taken in. */
  settle(): void;
  /** Takes what a collector gave, for what in it is no number; undefined where nobody keeps that. */
  keep: ((collector: string, time: number, results: JsonObject) => Promise<void>) | undefined;
}

/** As `/api/v1/collectors` lists one. */
interface CollectorView {
  name: string;
  plugin: string;
  active: boolean;
  /** Seconds. */
  interval: number;
  last_run: string | null;
  results: JsonObject;
}

/** As `/api/v1/checks` lists one. */
interface CheckView {
  id: string;
  name: string;
  /** Seconds; null where others report it, who do not say how often. */
  interval: number | null;
  last_run: string | null;
  perfdata: { label: string; value: number | null }[];
}

/** Twice as often as shipped collectors run, and no oftener than this. */
const usualMs = 5000;
const leastMs = 500;

/** How often all checks with figures are asked for, and not only those that ran since. */
const allEveryMs = 60_000;
const longAgo = new Date(0).toISOString();

/** How soon to look again, so that no run of these intervals, in seconds, is missed. */
export function nextLookMs(intervals: readonly (number | null)[]): number {
  const quickest = intervals.reduce<number>(
    (least, interval) => Math.min(least, interval ?? Number.POSITIVE_INFINITY),
    Number.POSITIVE_INFINITY,
  );
  return Math.max(leastMs, Math.min(usualMs, quickest * 500));
}

/** What the statsd listener shows to expressions by its collector, and hands on by itself as `stats.…`. */
const statsdMetrics = ['counters', 'gauges', 'timers', 'sets', 'meters'];

/**
 * The numbers of this agent: those of its collectors as `<node>.<collector>.<path>`, and the figures of its checks as
 * `<node>.checks.<check>.<label>`. It looks for new ones at the routes that show them, every five seconds or twice as often as the quickest runs.
 */
export class OwnMetrics {
  readonly #ctx: ServiceContext<Options>;
  readonly #sink: OwnMetricsSink;
  readonly #seen = new Map<string, string>();
  /** Checks with figures, as they were when they were asked for last. */
  #checks = new Map<string, CheckView>();
  /** When all of them were asked for, monotonic ms, and the newest run that was told. */
  #allAt = Number.NEGATIVE_INFINITY;
  #newest = longAgo;
  #node: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(ctx: ServiceContext<Options>, sink: OwnMetricsSink) {
    this.#ctx = ctx;
    this.#sink = sink;
  }

  start(): void {
    this.#ctx.subscribe('facts', (facts) => {
      this.#node = cleanStep((facts as unknown as ExportedFacts).node.name);
    });
    this.#plan(usualMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #plan(afterMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: Error) => {
          if (!this.#ctx.signal.aborted)
            this.#ctx.log.warn(`the agent's own metrics are not known: ${error.message}`);
          return usualMs;
        })
        .then((nextMs) => this.#plan(nextMs));
    }, afterMs);
  }

  /** Resolves with how soon to look again. */
  async #look(): Promise<number> {
    const node = this.#node;
    if (node === undefined) return usualMs;
    const { take, settle } = this.#sink;
    const fresh: { step: string; time: number; results: JsonObject }[] = [];
    const collectors = await this.#ask<CollectorView>('/api/v1/collectors', { results: '1' });
    const steps = stepsOf(collectors.map(({ name }) => name));
    collectors.forEach(({ name, plugin, last_run, results: tree }, index) => {
      const results = plugin === 'collector/statsd' ? without(tree, statsdMetrics) : tree;
      const time = this.#fresh(`collector/${name}`, last_run);
      if (time === undefined) return;
      for (const [metric, value] of metricsOf(`${node}.${steps[index]!}`, results)) take(metric, time, value);
      fresh.push({ step: steps[index]!, time, results });
    });
    const checks = await this.#measuredChecks();
    const names = stepsOfNamed(checks);
    checks.forEach(({ id, last_run, perfdata }, index) => {
      const time = this.#fresh(id, last_run);
      if (time === undefined) return;
      const labels = stepsOf(perfdata.map(({ label }) => label));
      perfdata.forEach(({ value }, at) => {
        if (value !== null) take(`${node}.checks.${names[index]!}.${labels[at]!}`, time, value);
      });
    });
    settle();
    for (const { step, time, results } of fresh) await this.#sink.keep?.(step, time, results);
    const quick = [...collectors.filter(({ active }) => active), ...checks];
    return nextLookMs(quick.map(({ interval }) => interval));
  }

  /** All checks with figures. Asks for those that ran since it asked last: there may be tens of thousands of others. */
  async #measuredChecks(): Promise<CheckView[]> {
    const { clock } = this.#ctx;
    const at = clock.monotonic();
    // A wall clock that was set back makes new runs older than the newest.
    const isWhole = at >= this.#allAt + allEveryMs || Date.parse(this.#newest) > clock.now();
    const measured_since = isWhole ? longAgo : this.#newest;
    const found = await this.#ask<CheckView>('/api/v1/checks', { measured_since });
    if (isWhole) {
      this.#checks = new Map();
      this.#newest = longAgo;
      this.#allAt = at;
    }
    for (const check of found) {
      if (check.perfdata.length === 0) continue;
      this.#checks.set(check.id, check);
      if (check.last_run === null || Date.parse(check.last_run) > clock.now()) continue;
      if (check.last_run > this.#newest) this.#newest = check.last_run;
    }
    return [...this.#checks.values()];
  }

  /** When something ran, in seconds; undefined when it did not run since it was looked at last. */
  #fresh(id: string, lastRun: string | null): number | undefined {
    if (lastRun === null || this.#seen.get(id) === lastRun) return undefined;
    this.#seen.set(id, lastRun);
    return Math.floor(Date.parse(lastRun) / 1000);
  }

  async #ask<View>(route: string, query: { [key: string]: string }): Promise<View[]> {
    const { status, body } = await this.#ctx.ask({ route, method: 'GET', params: {}, query, body: null });
    if (status !== 200) throw new Error(`${route} answers ${status}`);
    return JSON.parse(Buffer.from(body).toString()) as View[];
  }
}

function without(tree: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(tree).filter(([key]) => !keys.includes(key)));
}
