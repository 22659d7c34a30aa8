import type { Clock, ExactStore, Json } from 'opsbro/sdk';
import type { Judged, Keys } from '../keys.ts';
import type { AlertRow, Outcome, Report, ServiceFacts, State, Verdict } from '../model.ts';
import type { Adoption, OldServer, OldService } from '../takeover/old.ts';
import { type Adopted, adoptServer, adoptService } from './adopt.ts';
import { AlertMemory } from './alert-memory.ts';
import { Ledger, type Writes } from './ledger.ts';
import { pastOf } from './past.ts';
import {
  checkpointKey,
  idOf,
  type KeptServer,
  type KeptService,
  keyOf,
  readAlert,
  readServer,
  readService,
  serverValue,
} from './records.ts';
import { removeBelow } from './removal.ts';
import { shrink } from './shrink.ts';
import type { Past, Selection, ServerView, Storage, StorageEvents, StorageFigures } from './storage.ts';

/** What an embedded storage works with. */
export interface EmbeddedParts {
  store: ExactStore;
  keys: Keys;
  clock: Clock;
  events: StorageEvents;
  limits: { servers: number; services: number; bytes: number };
  /** Told of what could not be written beside requests. */
  trouble(message: string): void;
}

const checkpointMs = 60_000;
const sizeMs = 60_000;
const perRead = 1000;
/** Services of a checkpoint that are written together: reports wait for them. */
const perWrite = 100;
const mostAlerts = 10_000;

/** Keeps reports in a store of its own: each request is one batch, synced together with those that wait at the same time. */
export class EmbeddedStorage implements Storage {
  readonly #parts: EmbeddedParts;
  readonly #ledger = new Ledger();
  readonly #alerts: AlertMemory;
  #timers: NodeJS.Timeout[] = [];
  #working: Promise<void> = Promise.resolve();
  #sizeBytes = 0;
  /** Servers and services of which the disk refused what they are: it is written with the next report of theirs. */
  readonly #unkept = new Set<string>();
  /** What was said of each work. */
  readonly #troubles = new Map<string, string>();

  constructor(parts: EmbeddedParts) {
    this.#parts = parts;
    this.#alerts = new AlertMemory(parts.store);
  }

  async open(): Promise<void> {
    await this.#load();
    this.#timers = [
      setInterval(() => this.#inTurn('checkpoint', () => this.#checkpoint()), checkpointMs),
      setInterval(() => this.#inTurn('size', () => this.#keepSize()), sizeMs),
    ];
  }

  async close(): Promise<void> {
    const timers = this.#timers.splice(0);
    for (const timer of timers) clearInterval(timer);
    if (timers.length > 0) this.#inTurn('checkpoint', () => this.#checkpoint());
    await this.#working;
    await this.#parts.store.close();
  }

  async take(report: Report): Promise<Outcome> {
    const { limits } = this.#parts;
    const ledger = this.#ledger;
    const known = ledger.byName.get(report.server);
    const { outcome, hash } = this.#judge(report);
    if (outcome !== 'ok') return outcome;
    if (ledger.services.size + freshOf(report, known) > limits.services) return 'full';
    if (known === undefined && ledger.servers.size >= limits.servers) return 'full';
    const writes: Writes = { put: [], del: [] };
    const server = known ?? ledger.register(report.server, hash, report.ip, writes);
    if (server.hash === '' && hash !== '') this.#rekey(server, hash, writes);
    const before = ledger.last.alert;
    if (this.#unkept.size > 0) this.#keepAgain(server, writes);
    const reported = this.#apply(server, report, writes);
    await this.#write(writes, before);
    for (const [service, state] of reported) this.#parts.events.changed(service, state);
    return 'ok';
  }

  async verdict(report: Report): Promise<Verdict> {
    return this.#judge(report).outcome;
  }

  #judge(report: Report): Judged {
    return this.#parts.keys.judge(report, this.#ledger.byName.get(report.server)?.hash);
  }

  #rekey(server: KeptServer, hash: string, writes: Writes): void {
    server.hash = hash;
    writes.put.push([keyOf.server(server.id), serverValue(server)]);
  }

  /** Alerts are told of once they are on the disk, or will be: no other outcome is known of a disk that refused. */
  async #write(writes: Writes, lastAlert: number): Promise<void> {
    if (writes.put.length === 0) return;
    try {
      await this.#parts.store.put(writes);
    } catch (error) {
      for (const [key] of writes.put) if (/^[vs]/.test(key)) this.#unkept.add(key);
      throw error;
    } finally {
      if (this.#noteAlerts(lastAlert, writes) > 0) this.#parts.events.alerts();
    }
  }

  #keepAgain(server: KeptServer, writes: Writes): void {
    if (this.#unkept.delete(keyOf.server(server.id)))
      writes.put.push([keyOf.server(server.id), serverValue(server)]);
    for (const service of server.services.values())
      if (this.#unkept.delete(keyOf.service(service.id))) this.#ledger.write(service, writes);
  }

  #apply(
    server: KeptServer,
    { services, alerts, at }: Report,
    writes: Writes,
  ): [KeptService, { state: State; info: string }][] {
    const nowMs = this.#parts.clock.monotonic();
    const when = { at, nowMs: nowMs - Math.max(0, this.#parts.clock.now() - at) };
    const changed: [KeptService, { state: State; info: string }][] = [];
    for (const { name, state, info, period } of services) {
      const service = this.#ledger.serviceOf(server, name, writes);
      if (state === null) this.#ledger.setPeriod(service, period, writes);
      else {
        this.#ledger.report(service, { state, info, period }, when, writes);
        changed.push([service, { state, info }]);
      }
    }
    for (const { service: name, message } of alerts) {
      const service = name === null ? null : this.#ledger.serviceOf(server, name, writes);
      this.#ledger.alert(server, service, 'api', 'alert', message, at, writes);
    }
    return changed;
  }

  #noteAlerts(before: number, { put }: Writes): number {
    let count = 0;
    for (const [key, value] of put) {
      if (!key.startsWith('a/') || idOf(key) <= before) continue;
      this.#alerts.add(readAlert(idOf(key), value));
      count += 1;
    }
    return count;
  }

  readonly isSupervisor = true;

  async supervises(): Promise<boolean> {
    return true;
  }

  async markLate(isLate: (service: ServiceFacts) => boolean, at: number): Promise<void> {
    const ledger = this.#ledger;
    const writes: Writes = { put: [], del: [] };
    const before = ledger.last.alert;
    const late = [...ledger.services.values()].filter((service) => !service.timedOut && isLate(service));
    for (const service of late) {
      service.timedOut = true;
      ledger.alert(service.server, service, 'plugin', 'offline', 'Monitoring plugin offline', at, writes);
      ledger.write(service, writes);
    }
    await this.#write(writes, before);
    for (const service of late) this.#parts.events.changed(service, null);
  }

  async services(): Promise<ServiceFacts[]> {
    return [...this.#ledger.services.values()];
  }

  async servers(): Promise<ServerView[]> {
    return [...this.#ledger.servers.values()]
      .map(({ name, ip, services }) => {
        const last = Math.max(...[...services.values()].map(({ current }) => current?.at ?? 0));
        return {
          name,
          ip,
          services: services.size,
          last_report: last > 0 ? new Date(last).toISOString() : null,
        };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async find(server: string, service: string): Promise<ServiceFacts | undefined> {
    return this.#ledger.byName.get(server)?.services.get(service);
  }

  async titles(ids: number[]): Promise<Map<number, string>> {
    const { servers } = this.#ledger;
    return new Map(ids.flatMap((id) => (servers.has(id) ? [[id, servers.get(id)?.title ?? '']] : [])));
  }

  unsent(limit: number): Promise<AlertRow[]> {
    return this.#alerts.unsent(limit);
  }

  sent(ids: number[]): Promise<void> {
    return this.#alerts.sent(ids);
  }

  async past(id: number, since: number): Promise<Past> {
    const service = this.#ledger.services.get(id);
    if (service === undefined) return { rows: [], runs: [] };
    const ids = this.#ledger.rows.list(service.slot);
    return pastOf(this.#parts.store, { run: service.run, ids }, since);
  }

  async alerts({ server, service }: Selection, since: number): Promise<AlertRow[]> {
    const isMeant = (alert: AlertRow): boolean =>
      alert.at >= since &&
      (server === undefined || alert.server === server) &&
      (service === undefined || alert.service === service);
    const found =
      this.#alerts.since(since, this.#parts.clock.now()) ?? (await this.#alerts.newest(mostAlerts));
    return found.filter(isMeant).sort((one, other) => other.at - one.at || other.id - one.id);
  }

  async infos(rows: number[]): Promise<Map<number, string>> {
    const values = await this.#parts.store.getMany(rows.map((id) => keyOf.row(id)));
    return new Map(
      rows.flatMap((id, index): [number, string][] => {
        const value = values[index];
        return Array.isArray(value) ? [[id, String(value[3])]] : [];
      }),
    );
  }

  async lastRow(): Promise<number> {
    return this.#ledger.last.row;
  }

  async remove(what: 'server' | 'service', id: number): Promise<boolean> {
    const ledger = this.#ledger;
    const server = what === 'server' ? ledger.servers.get(id) : undefined;
    const service = what === 'service' ? ledger.services.get(id) : undefined;
    const services =
      server === undefined ? [service].filter((one) => one !== undefined) : [...server.services.values()];
    if (server === undefined && service === undefined) return false;
    const doomed = services.map(({ id: own, run, slot }) => ({ id: own, run, rows: ledger.rows.list(slot) }));
    if (server === undefined) for (const each of services) ledger.removeService(each);
    else ledger.removeServer(server);
    const isGone = (alert: AlertRow): boolean =>
      alert.server === server?.id || services.some((each) => each.id === alert.service);
    this.#alerts.drop(isGone);
    await removeBelow(this.#parts.store, server?.id ?? null, doomed, isGone);
    this.#parts.events.removed(services);
    return true;
  }

  async reset(name: string): Promise<boolean> {
    const server = this.#ledger.byName.get(name);
    if (server === undefined) return false;
    server.hash = '';
    await this.#parts.store.put({ put: [[keyOf.server(server.id), serverValue(server)]] });
    return true;
  }

  async adoptServer(old: OldServer, isDry: boolean): Promise<Adoption> {
    return this.#adopt(adoptServer({ ...this.#parts, ledger: this.#ledger }, old, isDry));
  }

  async adoptService(server: string, old: OldService, isDry: boolean): Promise<Adoption> {
    const nowMs = this.#parts.clock.monotonic();
    return this.#adopt(adoptService({ ...this.#parts, ledger: this.#ledger }, { server, old, nowMs }, isDry));
  }

  async #adopt({ outcome, writes, alerts, service }: Adopted): Promise<Adoption> {
    await this.#write(writes, this.#ledger.last.alert);
    for (const alert of alerts) this.#alerts.addTold(alert, this.#parts.clock.now());
    if (service !== undefined && service.current !== null)
      this.#parts.events.changed(service, service.timedOut ? null : service.current);
    return outcome;
  }

  async figures(): Promise<StorageFigures> {
    const { servers, services } = this.#ledger;
    return {
      servers: servers.size,
      services: services.size,
      unsent: this.#alerts.waiting,
      sizeBytes: this.#sizeBytes,
    };
  }

  /** Timers do not wait for each other by themselves. */
  #inTurn(name: 'checkpoint' | 'size', work: () => Promise<void>): void {
    this.#working = this.#working.then(work).then(
      () => void this.#troubles.delete(name),
      ({ message }: Error) => {
        if (message !== this.#troubles.get(name)) this.#parts.trouble(message);
        this.#troubles.set(name, message);
      },
    );
  }

  /** Writes services down as they are, so that a start need not read more rows than came since. */
  async #checkpoint(): Promise<void> {
    const { store } = this.#parts;
    const { row, alert } = this.#ledger.last;
    const dirty = [...this.#ledger.dirty];
    this.#ledger.dirty.clear();
    try {
      await this.#keepServices(dirty);
      await store.put({ put: [[checkpointKey, { row, alert }]] });
    } catch (error) {
      // A later checkpoint must not be without them: rows before it are not read again.
      for (const service of dirty) this.#ledger.dirty.add(service);
      throw error;
    }
  }

  async #keepServices(services: KeptService[]): Promise<void> {
    for (let from = 0; from < services.length; from += perWrite) {
      const writes: Writes = { put: [], del: [] };
      for (const service of services.slice(from, from + perWrite))
        if (this.#ledger.services.has(service.id)) this.#ledger.write(service, writes);
      await this.#parts.store.put(writes);
    }
  }

  async #keepSize(): Promise<void> {
    const { store, limits } = this.#parts;
    this.#sizeBytes = await store.sizeOf('a/', 'z');
    if (this.#sizeBytes <= limits.bytes) return;
    await this.#checkpoint();
    await shrink(store, this.#sizeBytes, limits.bytes);
    this.#sizeBytes = await store.sizeOf('a/', 'z');
  }

  async #load(): Promise<void> {
    const { store } = this.#parts;
    const ledger = this.#ledger;
    const checkpoint = ((await store.get(checkpointKey)) ?? { row: 0, alert: 0 }) as {
      [key: string]: number;
    };
    for (const [key, value] of await store.range({ gte: 'v/', lt: 'v0' }))
      ledger.addServer(readServer(idOf(key), value));
    for (const [key, value] of await store.range({ gte: 's/', lt: 's0' })) {
      const service = readService(idOf(key), value, ledger.servers, ledger.rows);
      if (service !== undefined) ledger.addService(service);
    }
    ledger.last.row = checkpoint.row ?? 0;
    ledger.last.alert = checkpoint.alert ?? 0;
    ledger.last.alert = Math.max(ledger.last.alert, await this.#alerts.load(this.#parts.clock.now()));
    await this.#replay(checkpoint.row ?? 0);
  }

  /** Rows that came after the last checkpoint. */
  async #replay(from: number): Promise<void> {
    const { store } = this.#parts;
    const closing = new Set(
      this.#alerts.recent.flatMap(({ row, channel }) =>
        row === null || channel === 'service:state' ? [] : [row],
      ),
    );
    for (let after = from; ; ) {
      const found = await store.range({ gt: keyOf.row(after), lt: 'r0', limit: perRead });
      const writes: Writes = { put: [], del: [] };
      for (const [key, value] of found) {
        after = idOf(key);
        this.#replayRow(after, value, closing, writes);
      }
      if (writes.put.length + writes.del.length > 0) await store.putLazy(writes);
      if (found.length < perRead) return;
    }
  }

  #replayRow(id: number, value: Json, closing: ReadonlySet<number>, writes: Writes): void {
    const [serviceId, at, state, info] = value as [number, number, State, string];
    const service: KeptService | undefined = this.#ledger.services.get(serviceId);
    this.#ledger.last.row = Math.max(this.#ledger.last.row, id);
    if (service === undefined || id <= this.#ledger.rows.last(service.slot)) return;
    this.#ledger.apply(service, { id, at, state, info }, writes);
    if (closing.has(id)) service.isRunClosed = true;
  }
}

/** How many services a report brings that its server did not have. */
function freshOf({ services, alerts }: Report, known: KeptServer | undefined): number {
  const fresh = new Set<string>();
  for (const { name } of services) if (known?.services.has(name) !== true) fresh.add(name);
  for (const { service } of alerts)
    if (service !== null && known?.services.has(service) !== true) fresh.add(service);
  return fresh.size;
}
