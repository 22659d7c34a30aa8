import { join } from 'node:path';
import {
  type JsonObject,
  type MetricBatch,
  metricPoints,
  type RouteReply,
  type RouteRequest,
  type ServiceContext,
} from 'opsbro/sdk';
import { type StoreFigures, shownFigures, storeFigures } from './figures.ts';
import { LeftOut } from './listener/left-out.ts';
import { LineBuffer } from './listener/line-buffer.ts';
import { LineParser } from './listener/line-parser.ts';
import { PickleBuffer, PickleRoom } from './listener/pickle-buffer.ts';
import { noLines } from './listener/point-sink.ts';
import { TcpDoor } from './listener/tcp-door.ts';
import { UdpDoor } from './listener/udp-door.ts';
import { type Onwards, openOnwards } from './onward.ts';
import { dataDirectory, openStore } from './open-store.ts';
import { type Options, type Settings, settingsOf } from './options.ts';
import { OwnMetrics } from './own-metrics.ts';
import { Points } from './points.ts';
import { answerQuery, isQuery } from './render/routes/queries.ts';
import type { MetricStore } from './store/store.ts';
import { ValueLog } from './values/value-log.ts';

/** What collectors give beside numbers: 16 MiB of changes, of at most so many values. */
const valueLimits = { maxBytes: 16 * 2 ** 20, maxValues: 10_000 };
/** What unfinished pickles of all connections may take. */
const unfinishedBytes = 64 * 2 ** 20;
/** As often as the collector that shows them runs. */
const publishMs = 10_000;
const hostZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The store and its doors, while the service runs. */
export class Graphite {
  readonly #ctx: ServiceContext<Options>;
  readonly #settings: Settings;
  readonly #counts = { lines: noLines(), datagrams: noLines(), pickles: noLines() };
  readonly #doors: (TcpDoor | UdpDoor)[] = [];
  #store: MetricStore | undefined;
  #onwards: Onwards | undefined;
  #own: OwnMetrics | undefined;
  #publishing: NodeJS.Timeout | undefined;
  #lost = 0;
  #valuesFailed = '';

  constructor(ctx: ServiceContext<Options>) {
    this.#ctx = ctx;
    this.#settings = settingsOf(ctx.options);
  }

  /** Opens the store, then the doors. */
  async open(): Promise<void> {
    const { signal, subscribe } = this.#ctx;
    signal.throwIfAborted();
    const folder = join(await dataDirectory(this.#ctx), 'metrics');
    const store = await openStore(this.#ctx, this.#settings, folder);
    this.#store = store;
    this.#onwards = await openOnwards(this.#ctx, this.#settings, folder);
    const { forwarder, remoteWriter } = this.#onwards;
    const onwards = [forwarder, remoteWriter].filter((onward) => onward !== undefined);
    const points = new Points(store, onwards, this.#settings.isKept);
    subscribe('metrics', (batch) => this.#batch(points, batch as unknown as MetricBatch));
    const values = this.#settings.isKept ? await this.#openValues(join(folder, 'values')) : undefined;
    this.#own = new OwnMetrics(this.#ctx, {
      take: (name, time, value) => void points.takeNamed(name, time, value, 'agent'),
      settle: () => points.settle(),
      keep: values && ((collector, time, results) => this.#keep(values, collector, time, results)),
    });
    this.#own.start();
    if (this.#settings.enabled) await this.#openDoors(points);
    const publish = (): void => this.#ctx.publish('graphite', shownFigures(this.#figures(store)));
    publish();
    this.#publishing = setInterval(publish, publishMs);
  }

  /** Without them points are kept all the same. */
  async #openValues(folder: string): Promise<ValueLog | undefined> {
    const values = new ValueLog({ folder, ...valueLimits });
    try {
      await values.open();
      return values;
    } catch (error) {
      this.#ctx.log.warn(`what collectors give beside numbers is not kept: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #keep(values: ValueLog, collector: string, time: number, results: JsonObject): Promise<void> {
    const failed = await values.take(collector, time, results).then(
      // Where nothing was to be written the disk may be full still.
      (isWritten) => (isWritten ? '' : this.#valuesFailed),
      (error: Error) => error.message,
    );
    if (failed !== '' && this.#valuesFailed === '')
      this.#ctx.log.warn(`what collectors give beside numbers cannot be written: ${failed}`);
    this.#valuesFailed = failed;
  }

  /** No more comes in, then all that came is kept. */
  async close(): Promise<void> {
    clearInterval(this.#publishing);
    await Promise.all(this.#doors.map((door) => door.close()));
    await this.#own?.stop();
    await Promise.all([
      this.#store?.close(),
      this.#onwards?.forwarder?.close(),
      this.#onwards?.remoteWriter?.close(),
    ]);
  }

  /** Answers a route of the manifest. */
  answer(request: RouteRequest): RouteReply {
    const store = this.#store;
    if (store === undefined)
      return { status: 503, body: { error: { message: 'the store is not open yet' } } };
    const { clock } = this.#ctx;
    if (isQuery(request.route))
      return answerQuery(request, { reader: store, clock, zone: hostZone, random: Math.random });
    return { status: 200, body: this.#figures(store) as unknown as JsonObject };
  }

  #figures(store: MetricStore): StoreFigures {
    return storeFigures({
      store,
      received: this.#counts,
      doors: this.#doors.filter((door): door is TcpDoor => door instanceof TcpDoor),
      batchesLost: this.#lost,
      forwarding: this.#onwards?.forwarder?.figures() ?? [],
      remoteWrite: this.#onwards?.remoteWriter?.figures() ?? [],
    });
  }

  readonly #lastSeq = new Map<string, number>();

  #batch(points: Points, batch: MetricBatch): void {
    const before = this.#lastSeq.get(batch.source);
    if (before !== undefined && batch.seq > before + 1) this.#lost += batch.seq - before - 1;
    this.#lastSeq.set(batch.source, batch.seq);
    for (const { name, at, value } of metricPoints(batch)) points.takeNamed(name, at, value, batch.source);
    points.settle();
  }

  async #openDoors(points: Points): Promise<void> {
    const { address, port, pickle_port, tcp, udp, pickle, max_connections, idleMs } = this.#settings;
    const now = (): number => Math.floor(this.#ctx.clock.now() / 1000);
    const limits = { connections: max_connections, idleMs };
    const counts = this.#counts;
    const leftOut = new LeftOut(this.#ctx.clock, (message) => this.#ctx.log.info(message));
    let taken = port;
    if (tcp) {
      const lines = new LineParser(points, counts.lines, now, leftOut);
      const door = new TcpDoor(points, limits, (source) => new LineBuffer(lines, source));
      taken = await this.#listen(door, address, taken, 'takes lines on tcp');
    }
    if (udp) {
      const door = new UdpDoor(new LineParser(points, counts.datagrams, now, leftOut), points);
      await this.#listen(door, address, taken, 'takes lines on udp');
    }
    if (!pickle) return;
    const room = new PickleRoom(unfinishedBytes);
    const door = new TcpDoor(
      points,
      limits,
      (source) => new PickleBuffer(points, counts.pickles, now, source, room),
    );
    await this.#listen(door, address, pickle_port, 'takes pickles on tcp');
  }

  async #listen(door: TcpDoor | UdpDoor, address: string, port: number, what: string): Promise<number> {
    this.#doors.push(door);
    const where = (taken: number): string => `${address.includes(':') ? `[${address}]` : address}:${taken}`;
    try {
      const taken = await door.open(address, port);
      this.#ctx.log.info(`${what} ${where(taken)}`);
      return taken;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE')
        throw new Error(`${where(port)} is in use; give 'graphite' another port in the configuration`);
      throw new Error(`cannot listen on ${where(port)}: ${message}`);
    }
  }
}
