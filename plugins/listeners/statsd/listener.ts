import type { Json, JsonObject, MetricBatch, RouteReply, RouteRequest, ServiceContext } from 'opsbro/sdk';
import { Doors } from './doors/doors.ts';
import { kernelDrops } from './doors/kernel-drops.ts';
import { figuresTree, metricsTree } from './figures.ts';
import { GaugeStore, type KeptGauge } from './gauge-store.ts';
import type { Notice } from './grammar/events.ts';
import { kind } from './grammar/kinds.ts';
import { NameTable } from './grammar/name-table.ts';
import { Parser } from './grammar/parser.ts';
import { type Aggregates, aggregates, type ShownMetric } from './interval/batch.ts';
import { Columns } from './interval/columns.ts';
import { IntervalTimer, inSlices } from './interval/schedule.ts';
import { Management } from './management.ts';
import { type Options, type Settings, settingsOf } from './options.ts';
import { OriginalsOwn } from './originals-own.ts';

/** Metrics that the collector shows, and so expressions can name; and the text of all, which each thread on its way copies. */
const limits = { shown: 1000, chars: 16 * 1024 * 1024 };
const maxNameChars = 16 * 1024 * 1024;
const maxServiceChecks = 1000;
/** How long the work at the end of an interval may hold the loop, while packets wait in the kernel. */
const sliceMs = 2;
const tellBadEveryMs = 60_000;

/** The listener while it runs. */
export class Listener {
  readonly settings: Settings;
  readonly table: NameTable;
  readonly columns: Columns;
  readonly parser: Parser;
  readonly #ctx: ServiceContext<Options>;
  readonly #timer: IntervalTimer;
  readonly #gauges: GaugeStore;
  readonly #serviceChecks = new Map<string, JsonObject>();
  readonly #doors: Doors;
  readonly #management: Management;
  #drops: number | undefined;
  #last: Aggregates = { lines: '', count: 0, metrics: 0, leftOut: 0, shown: [] };
  #flushMs = 0;
  readonly #own: OriginalsOwn;
  #seq = 0;
  #lastAt = 0;
  #flushing: Promise<void> = Promise.resolve();
  #isWaiting = false;
  #isHurried = false;
  #isStoreFailing = false;
  /** What was bad when it was told of last, and when that was. */
  #toldBad = 0;
  #toldBadAt = Number.NEGATIVE_INFINITY;

  constructor(ctx: ServiceContext<Options>) {
    this.#ctx = ctx;
    this.settings = settingsOf(ctx.options);
    const { max_names, intervalMs } = this.settings;
    this.table = new NameTable({ names: max_names, chars: maxNameChars });
    this.columns = new Columns(this.table);
    this.parser = new Parser(this.table, this.columns, (notice) => this.#notice(notice));
    const { counts } = this.parser;
    this.#doors = new Doors(ctx, this.settings, {
      packet: (bytes) => this.parser.packet(bytes),
      tooLong: () => {
        counts.bad.long_packet += 1;
      },
    });
    const { table, columns, settings } = this;
    this.#own = new OriginalsOwn(counts, intervalMs / 1000);
    const now = () => Math.floor(ctx.clock.now() / 1000);
    const kernel = () => ({ drops: this.#drops, buffer: this.#doors.receiveBuffer });
    this.#management = new Management({ table, columns, counts, settings, now, kernel });
    this.#timer = new IntervalTimer(
      intervalMs,
      () => ctx.clock.now(),
      () => void this.flush(),
    );
    this.#gauges = new GaugeStore(ctx.kv, ctx.state);
  }

  async open(): Promise<void> {
    const { signal, log } = this.#ctx;
    for (const [base, tags, value] of await this.#gauges.load()) {
      const slot = this.table.intern(kind.gauge, base, tags);
      if (slot !== -1) this.columns.restore(slot, value);
    }
    signal.throwIfAborted();
    await this.#doors.open();
    const { management, management_port } = this.settings;
    if (management) {
      const port = await this.#doors.openAt(management_port, 'management_port', (one) =>
        this.#management.open(one),
      );
      log.info(`takes commands on 127.0.0.1:${port}`);
    }
    await this.#lookForDrops();
    this.#timer.start();
  }

  /** Where it listens. */
  get doors(): Doors {
    return this.#doors;
  }

  /** Hands on what is in progress, then lets go of everything. */
  async close(): Promise<void> {
    this.#isHurried = true;
    this.#timer.stop();
    await Promise.all([this.#doors.close(), this.#management.close()]);
    await this.flush();
    this.#gauges.saveLast(this.#keptGauges());
  }

  /** Ends the interval; one at a time. Where one takes longer than an interval, the next ones are one. */
  flush(): Promise<void> {
    if (this.#isWaiting) return this.#flushing;
    this.#isWaiting = true;
    this.#flushing = this.#flushing.then(() => {
      this.#isWaiting = false;
      return this.#flush();
    });
    return this.#flushing;
  }

  /** How the listener does, and what it knows of the last interval. */
  figures(): JsonObject {
    return figuresTree({
      counts: this.parser.counts,
      names: this.table.size,
      metrics: this.#last.metrics,
      points: this.#last.count,
      leftOut: this.#last.leftOut,
      flushMs: this.#flushMs,
      kernelDrops: this.#drops,
      receiveBuffer: this.#doors.receiveBuffer,
    });
  }

  answer({ route, query }: RouteRequest): RouteReply {
    if (!route.endsWith('/metrics')) return { status: 200, body: this.figures() };
    const { pattern = '' } = query;
    const found: Json[] = [];
    for (const line of this.#last.lines.split('\n')) {
      const space = line.lastIndexOf(' ');
      if (space <= 0 || !line.slice(0, space).includes(pattern)) continue;
      found.push({ name: line.slice(0, space), value: Number(line.slice(space + 1)) });
      if (found.length === 10_000) break;
    }
    return { status: 200, body: { at: this.#lastAt * 1000, metrics: found } };
  }

  async #flush(): Promise<void> {
    const { naming, intervalMs, percentiles, forgetIntervals } = this.settings;
    const { clock } = this.#ctx;
    const began = clock.monotonic();
    const at = Math.floor(clock.now() / 1000);
    const interval = this.columns.take(naming === 'statsd');
    this.columns.forget(forgetIntervals);
    const rules = { naming, percentiles, intervalSeconds: intervalMs / 1000 };
    this.#last = await inSlices(aggregates(interval, rules, limits), sliceMs, () => this.#isHurried);
    this.#lastAt = at;
    this.#flushMs = clock.monotonic() - began;
    if (naming === 'statsd') this.#last = this.#own.added(this.#last, at, this.#flushMs);
    this.#management.look();
    if (!this.#isHurried) await this.#lookForDrops();
    this.#publish(at, this.#last.shown);
    this.#tellBad();
    if (!this.#isHurried) await this.#saveGauges();
  }

  async #lookForDrops(): Promise<void> {
    const { udp } = this.#doors.port;
    if (udp !== undefined) this.#drops = await kernelDrops(this.settings.address, udp);
  }

  #publish(at: number, shown: readonly ShownMetric[]): void {
    const { lines, count } = this.#last;
    if (count > 0) {
      this.#seq += 1;
      const batch: MetricBatch = { source: 'statsd', seq: this.#seq, at, count, lines };
      this.#ctx.publish('metrics', batch as unknown as Json);
    }
    const checks = Object.fromEntries(this.#serviceChecks);
    this.#ctx.publish('statsd', { ...this.figures(), ...metricsTree(shown), service_checks: checks });
  }

  /** Whoever looks for a metric that does not come finds what was wrong with its line in the log. */
  #tellBad(): void {
    const { lastBad, counts } = this.parser;
    const now = this.#ctx.clock.monotonic();
    if (lastBad === undefined || now - this.#toldBadAt < tellBadEveryMs) return;
    const total = Object.values(counts.bad).reduce((sum, count) => sum + count, 0);
    // What a terminal would take for more than text.
    const text = lastBad.text.trim().replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
    this.#ctx.log.info(
      `lines or values left out: ${total - this.#toldBad}, the last for ${lastBad.reason}: '${text}'`,
    );
    this.parser.lastBad = undefined;
    this.#toldBad = total;
    this.#toldBadAt = now;
  }

  async #saveGauges(): Promise<void> {
    try {
      await this.#gauges.save(this.#keptGauges());
      this.#isStoreFailing = false;
    } catch (error) {
      if (!this.#isStoreFailing && !this.#ctx.signal.aborted)
        this.#ctx.log.warn(`gauges are not kept for the next start: ${(error as Error).message}`);
      this.#isStoreFailing = true;
    }
  }

  *#keptGauges(): Generator<KeptGauge> {
    for (const [slot, value] of this.columns.gauges())
      yield [this.table.bases[slot]!, this.table.tags[slot]!, value];
  }

  #notice({ topic, data }: Notice): void {
    this.#ctx.emit(topic, data);
    if (topic !== 'service-check') return;
    const { name, status, state } = data;
    this.#serviceChecks.delete(name);
    if (this.#serviceChecks.size < maxServiceChecks)
      this.#serviceChecks.set(name, { status, state: state ?? null });
  }
}
