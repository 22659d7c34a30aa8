import type { Counts } from './grammar/parser.ts';
import type { Aggregates } from './interval/batch.ts';

/** What statsd's original tells of itself, under its names: those of its counters, then those of its Graphite backend. */
export class OriginalsOwn {
  readonly #counts: Counts;
  readonly #intervalSeconds: number;
  #before = { bad: 0, packets: 0, lines: 0 };
  #last: { at: number; chars: number } | undefined;

  constructor(counts: Counts, intervalSeconds: number) {
    this.#counts = counts;
    this.#intervalSeconds = intervalSeconds;
  }

  /** The aggregates of an interval that ended at `at`, in seconds, and these figures; `tookMs` is what computing them took. */
  added(aggregates: Aggregates, at: number, tookMs: number): Aggregates {
    const { packets, lines: received, bad: reasons } = this.#counts;
    const bad = Object.values(reasons).reduce((sum, count) => sum + count, 0);
    const counters: [string, number][] = [
      ['bad_lines_seen', bad - this.#before.bad],
      ['packets_received', packets - this.#before.packets],
      ['metrics_received', received - this.#before.lines],
    ];
    const points = counters.flatMap(([name, count]): [string, number][] => [
      [`stats.statsd.${name}`, count / this.#intervalSeconds],
      [`stats_counts.statsd.${name}`, count],
    ]);
    // The original sets this gauge from its second interval on.
    const lag = this.#last === undefined ? undefined : at - this.#last.at - this.#intervalSeconds;
    if (lag !== undefined) points.push(['stats.gauges.statsd.timestamp_lag', lag]);
    const took = Math.round(tookMs);
    points.push(
      ['statsd.numStats', aggregates.metrics + counters.length + (lag === undefined ? 0 : 1)],
      // Aggregates and their text are made in one go.
      ['stats.statsd.processing_time', took],
      ['stats.statsd.graphiteStats.calculationtime', took],
      // No connection is made, which could fail or take time.
      ['stats.statsd.graphiteStats.last_exception', 0],
      ['stats.statsd.graphiteStats.last_flush', this.#last?.at ?? at],
      ['stats.statsd.graphiteStats.flush_time', 0],
      ['stats.statsd.graphiteStats.flush_length', this.#last?.chars ?? 0],
    );
    const lines = aggregates.lines + points.map(([name, value]) => `${name} ${value}\n`).join('');
    this.#before = { bad, packets, lines: received };
    this.#last = { at, chars: lines.length };
    return { ...aggregates, lines, count: aggregates.count + points.length };
  }
}
