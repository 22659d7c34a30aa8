import type { Clock, ExactStore } from 'opsbro/sdk';
import type { Judged, Keys } from '../keys.ts';
import type { AlertRow, Outcome, Report, ServiceFacts, State, Verdict } from '../model.ts';
import type { Adoption, OldServer, OldService } from '../takeover/old.ts';
import { type Adopted, adoptServer, adoptService } from './adopt.ts';
import { AlertMemory } from './alert-memory.ts';
import { Ledger, type Stated, type Writes } from './ledger.ts';
import { load, type Unfinished } from './loading.ts';
import { migrate } from './migration.ts';
import { pastOf } from './past.ts';
import { type Highest, idOf, type KeptServer, keyOf, lastKey, readAlert, serverValue } from './records.ts';
import { type Doomed, removeBelow, removeLeftover } from './removal.ts';
import type { ServiceEntry } from './service-entry.ts';
import { removeStrays, shrink } from './shrink.ts';
import type { Past, Selection, ServerView, Storage, StorageEvents, StorageFigures } from './storage.ts';
import { Unkept } from './unkept.ts';

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

const sizeMs = 60_000;
/** Rosters of which what changed is written together. */
const perWrite = 100;
/** Services that are marked together: where a network fails all are late at one moment, and the store lets so much wait and no more. */
const latePerWrite = 1000;
const mostAlerts = 10_000;

/** Keeps reports in a store of its own: each request is one batch, synced together with those that wait at the same time. */
export class EmbeddedStorage implements Storage {
  readonly #parts: EmbeddedParts;
  readonly #ledger = new Ledger();
  readonly #alerts: AlertMemory;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #isLooking = false;
  /** Reports that others were part of are emptied one removal after the other. */
  #removing: Promise<unknown> = Promise.resolve();
  /** What the disk did not let go of, as it was taken out of memory: whoever removes it once more goes on with that. */
  readonly #undone = new Map<string, Doomed>();
  #sizeBytes = 0;
  readonly #unkept = new Unkept();
  #trouble = '';

  constructor(parts: EmbeddedParts) {
    this.#parts = parts;
    this.#alerts = new AlertMemory(parts.store);
  }

  async open(): Promise<void> {
    const { store, clock } = this.#parts;
    await migrate(store);
    const lastAlert = await this.#alerts.load(clock.now());
    const unfinished = await load(store, this.#ledger, this.#alerts.recent);
    this.#ledger.last.alert = Math.max(this.#ledger.last.alert, lastAlert);
    if (unfinished.services.length + unfinished.rosters.length > 0) this.#finish(unfinished);
    this.#timer = setInterval(() => this.#lookAtSize(), sizeMs);
  }

  /** Ends removals that something ended before. */
  #finish(unfinished: Unfinished): void {
    const services = new Set(unfinished.services.map(({ id }) => id));
    const isGone = ({ server, service }: AlertRow): boolean =>
      unfinished.servers.has(server) || (service !== null && services.has(service));
    this.#alerts.drop(isGone);
    this.#removing = removeLeftover(this.#parts.store, unfinished, isGone).catch(({ message }: Error) =>
      this.#parts.trouble(message),
    );
  }

  async close(): Promise<void> {
    const isOpen = this.#timer !== undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await Promise.allSettled([this.#working, this.#removing]);
    if (isOpen) await this.#keepRosters().catch(({ message }: Error) => this.#parts.trouble(message));
    await this.#parts.store.close();
  }

  async take(report: Report): Promise<Outcome> {
    const { limits } = this.#parts;
    const ledger = this.#ledger;
    const known = ledger.byName.get(report.server);
    const { outcome, hash } = this.#judge(report);
    if (outcome !== 'ok') return outcome;
    // Whether they are new has to be looked at only where there may be no room.
    const most = ledger.services.size + report.services.length + report.alerts.length;
    if (most > limits.services && ledger.services.size + freshOf(report, known) > limits.services)
      return 'full';
    if (known === undefined && ledger.servers.size >= limits.servers) return 'full';
    const writes: Writes = { put: [], del: [] };
    const server = known ?? ledger.register(report.server, hash, report.ip, writes);
    if (server.hash === '' && hash !== '') this.#rekey(server, hash, writes);
    const before = ledger.last.alert;
    this.#unkept.addTo(writes, server, ledger);
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
      this.#unkept.note(writes);
      this.#ledger.notWritten(writes);
      throw error;
    } finally {
      if (this.#noteAlerts(lastAlert, writes) > 0) this.#parts.events.alerts();
    }
  }

  #apply(
    server: KeptServer,
    { services, alerts, at }: Report,
    writes: Writes,
  ): [ServiceEntry, { state: State; info: string }][] {
    const ledger = this.#ledger;
    const { clock } = this.#parts;
    const when = { at, nowMs: clock.monotonic() - Math.max(0, clock.now() - at) };
    for (const { name, state, period } of services)
      if (state === null) ledger.setPeriod(ledger.serviceOf(server, name, writes), period, writes);
    const stated = services.filter((one): one is Stated => one.state !== null);
    const found = ledger.report(server, stated, when, writes);
    for (const { service: name, message } of alerts) {
      const service = name === null ? null : ledger.serviceOf(server, name, writes);
      ledger.alert(server, service, 'api', 'alert', message, at, writes);
    }
    return found.map((service, index) => [service, stated[index] as Stated]);
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
    const { services } = this.#ledger;
    const late: ServiceEntry[] = [];
    for (const service of services.values()) if (!service.timedOut && isLate(service)) late.push(service);
    for (let from = 0; from < late.length; from += latePerWrite)
      await this.#markLate(
        // What comes while the first are written makes others no longer late.
        late
          .slice(from, from + latePerWrite)
          .filter((service) => services.get(service.id) === service && isLate(service)),
        at,
      );
  }

  async #markLate(late: readonly ServiceEntry[], at: number): Promise<void> {
    const ledger = this.#ledger;
    const writes: Writes = { put: [], del: [] };
    const before = ledger.last.alert;
    for (const service of late) {
      service.timedOut = true;
      ledger.alert(service.server, service, 'plugin', 'offline', 'Monitoring plugin offline', at, writes);
      ledger.write(service, writes);
    }
    await this.#write(writes, before);
    for (const service of late) this.#parts.events.changed(service, null);
  }

  async services(isMeant?: (service: ServiceFacts) => boolean): Promise<ServiceFacts[]> {
    const { services } = this.#ledger;
    if (isMeant === undefined) return [...services.values()];
    const found: ServiceFacts[] = [];
    for (const service of services.values()) if (isMeant(service)) found.push(service);
    return found;
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
    return service === undefined ? { rows: [], runs: [] } : pastOf(this.#parts.store, service, since);
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
    const values = await this.#parts.store.getMany(rows.map((id) => keyOf.info(id)));
    return new Map(
      rows.flatMap((id, index): [number, string][] => {
        const value = values[index];
        return Array.isArray(value) ? [[id, String(value[1])]] : [];
      }),
    );
  }

  async lastRow(): Promise<number> {
    return this.#ledger.last.row;
  }

  async remove(what: 'server' | 'service', id: number): Promise<boolean> {
    const key = `${what}/${id}`;
    const doomed = this.#undone.get(key) ?? this.#takeOut(what, id);
    if (doomed === undefined) return false;
    this.#undone.delete(key);
    const isGone = (alert: AlertRow): boolean => (what === 'server' ? alert.server : alert.service) === id;
    this.#alerts.drop(isGone);
    const removed = this.#removing.then(() => removeBelow(this.#parts.store, doomed, isGone));
    this.#removing = removed.catch(() => this.#undone.set(key, doomed));
    await removed;
    this.#parts.events.removed([...doomed.services]);
    return true;
  }

  #takeOut(what: 'server' | 'service', id: number): Doomed | undefined {
    const ledger = this.#ledger;
    const server = what === 'server' ? ledger.servers.get(id) : undefined;
    const service = what === 'service' ? ledger.services.get(id) : undefined;
    if (server !== undefined) {
      const services = [...server.services.values()];
      return { server, services, rosters: ledger.removeServer(server), last: this.#last };
    }
    if (service === undefined) return undefined;
    return { server, services: [service], rosters: ledger.removeService(service), last: this.#last };
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

  get #last(): Highest {
    const { row, alert, roster } = this.#ledger.last;
    return [row, alert, roster];
  }

  /** Writes down what changed since it was written last, so that a start need not read reports. */
  async #keepRosters(): Promise<void> {
    const { store } = this.#parts;
    const { servers } = this.#ledger;
    const changed = [...servers.values()].flatMap(({ rosters }) =>
      rosters.filter(({ count, kept }) => count !== kept),
    );
    for (let from = 0; from === 0 || from < changed.length; from += perWrite) {
      const writes: Writes = { put: [[lastKey, this.#last]], del: [] };
      for (const roster of changed.slice(from, from + perWrite)) this.#ledger.writeRoster(roster, writes);
      try {
        await store.put(writes);
      } catch (error) {
        this.#ledger.notWritten(writes);
        throw error;
      }
    }
  }

  /** One look at a time: where one takes longer than a minute, the next is left out. */
  #lookAtSize(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#working = this.#keepSize()
      .then(
        () => {
          this.#trouble = '';
        },
        ({ message }: Error) => {
          if (message !== this.#trouble) this.#parts.trouble(message);
          this.#trouble = message;
        },
      )
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #keepSize(): Promise<void> {
    const { store, limits } = this.#parts;
    this.#sizeBytes = await store.sizeOf('a/', 'z');
    if (this.#sizeBytes <= limits.bytes) return;
    await this.#keepRosters();
    const rosters = [...this.#ledger.servers.values()].flatMap((server) => server.rosters);
    const freed = await removeStrays(store, rosters, this.#ledger.last.roster);
    await shrink(store, rosters, this.#sizeBytes - freed, limits.bytes);
    this.#sizeBytes = await store.sizeOf('a/', 'z');
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
