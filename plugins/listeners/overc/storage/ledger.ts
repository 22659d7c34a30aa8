import type { Json } from 'opsbro/sdk';
import type { AlertRow, ReportedService, State } from '../model.ts';
import {
  alertValue,
  idOf,
  type KeptReport,
  type KeptServer,
  keyOf,
  reportValue,
  rosterValue,
  runValue,
  serverValue,
  serviceValue,
} from './records.ts';
import { hasRoom, outdated, perRoster, type Roster, reportsKept, rosterOf, slotOf } from './rosters.ts';
import { type Row, ServiceEntry } from './service-entry.ts';

/** What one request writes. */
export interface Writes {
  put: [key: string, value: Json][];
  del: string[];
}

/** Ids that were given last. */
export interface LastIds {
  server: number;
  service: number;
  roster: number;
  row: number;
  alert: number;
}

/** When a report says that it was so, epoch ms, and as monotonic ms. */
export interface When {
  at: number;
  nowMs: number;
}

/** A service of a report whose state somebody said. */
export type Stated = ReportedService & { state: State };

/** Characters of infos in memory: a service is shown by what of its info is left. The disk has it all. */
const infoRoom = 16 * 1024 * 1024;
const shortInfo = 200;

/** Servers and services in memory, and what each step of them writes. It knows no disk: what it gives is to be written as one batch. */
export class Ledger {
  readonly byName = new Map<string, KeptServer>();
  readonly servers = new Map<number, KeptServer>();
  readonly services = new Map<number, ServiceEntry>();
  readonly last: LastIds = { server: 0, service: 0, roster: 0, row: 0, alert: 0 };
  readonly #infoRoom: number;
  #infoLength = 0;

  constructor(room = infoRoom) {
    this.#infoRoom = room;
  }

  addServer(server: KeptServer): void {
    this.servers.set(server.id, server);
    this.byName.set(server.name, server);
    this.last.server = Math.max(this.last.server, server.id);
  }

  addService(service: ServiceEntry): void {
    this.services.set(service.id, service);
    this.#infoLength += service.info.length;
    service.server.services.set(service.name, service);
    this.last.service = Math.max(this.last.service, service.id);
    this.last.row = Math.max(this.last.row, service.row);
  }

  addRoster(roster: Roster): void {
    roster.server.rosters.push(roster);
    this.last.roster = Math.max(this.last.roster, roster.id);
  }

  /** What had these ids may not be wholly gone from the disk: they are not given again. */
  noteGone({ server, service }: { server: number; service: number }): void {
    this.last.server = Math.max(this.last.server, server);
    this.last.service = Math.max(this.last.service, service);
  }

  register(name: string, hash: string, ip: string, writes: Writes): KeptServer {
    const id = this.last.server + 1;
    const server: KeptServer = { id, name, title: name, ip, hash, services: new Map(), rosters: [] };
    this.addServer(server);
    writes.put.push([keyOf.server(id), serverValue(server)]);
    return server;
  }

  /** The service of that name, which is made where there is none. */
  serviceOf(server: KeptServer, name: string, writes: Writes): ServiceEntry {
    const known = server.services.get(name);
    if (known !== undefined) return known;
    const service = this.#newService(server, name);
    this.write(service, writes);
    return service;
  }

  #newService(server: KeptServer, name: string): ServiceEntry {
    const id = this.last.service + 1;
    const service = new ServiceEntry({ id, server, name, title: name, period: null });
    this.addService(service);
    return service;
  }

  /** What a server says of its services: of each its row, and an alert where its state is another, or it was offline. Gives them in their order. */
  report(server: KeptServer, stated: readonly Stated[], when: When, writes: Writes): ServiceEntry[] {
    const found: ServiceEntry[] = [];
    for (let from = 0; from < stated.length; from += perRoster) {
      const part = stated.length <= perRoster ? stated : stated.slice(from, from + perRoster);
      const roster = rosterOf(server, part) ?? this.#newRoster(server, part);
      if (roster !== undefined) this.#take(roster, part, when, writes, found);
      else for (const one of part) this.#take(this.rosterOfOne(server, one), [one], when, writes, found);
    }
    return found;
  }

  /** The roster of a service alone. */
  rosterOfOne(server: KeptServer, one: { name: string }): Roster {
    return rosterOf(server, [one]) ?? (this.#newRoster(server, [one]) as Roster);
  }

  #newRoster(server: KeptServer, names: readonly { name: string }[]): Roster | undefined {
    // The first report of a roster writes down its services.
    const services = names.map(({ name }) => server.services.get(name) ?? this.#newService(server, name));
    if (!hasRoom(server, services.length)) return undefined;
    const id = this.last.roster + 1;
    const roster: Roster = { id, server, services, count: 0, kept: 0, last: 0, lap: 0, lapBefore: 0 };
    this.addRoster(roster);
    return roster;
  }

  #take(roster: Roster, stated: readonly Stated[], when: When, writes: Writes, found: ServiceEntry[]): void {
    const { at } = when;
    const isFirst = slotOf(roster.count) === 0;
    const report: KeptReport = { number: roster.count, first: this.last.row + 1, at, states: [], infos: [] };
    for (let index = 0; index < stated.length; index += 1) {
      const service = roster.services[index] as ServiceEntry;
      const one = stated[index] as Stated;
      report.states.push(one.state);
      report.infos.push(one.info);
      this.#report(service, one, when, writes, isFirst);
      found.push(service);
    }
    this.keepReport(roster, report, writes);
  }

  /** Puts a report into the ring of its roster, and with the first of each round what a start would else read of all rounds. */
  keepReport(roster: Roster, report: KeptReport, writes: Writes): void {
    roster.last = report.first;
    const slot = slotOf(report.number);
    if (slot === 0) {
      roster.lapBefore = roster.lap;
      roster.lap = report.first;
      this.writeRoster(roster, writes);
    }
    roster.count = report.number + 1;
    writes.put.push([keyOf.report(roster.id, slot), reportValue(report)]);
    if (slot === 0) this.#retire(roster, writes);
  }

  /** Writes down a roster with its services, as they are: reports up to now need not be read for it. */
  writeRoster(roster: Roster, writes: Writes): void {
    roster.kept = roster.count;
    writes.put.push([keyOf.roster(roster.id), rosterValue(roster)]);
    for (const service of roster.services) if (service !== null) this.write(service, writes);
  }

  /** The disk refused these: of rosters among them it may know no more than it did, so that none of their reports may go. */
  notWritten({ put }: Writes): void {
    const ids = new Set(put.flatMap(([key]) => (key.startsWith('l/') ? [idOf(key)] : [])));
    if (ids.size === 0) return;
    for (const { rosters } of this.servers.values())
      for (const roster of rosters)
        if (ids.has(roster.id)) roster.kept = Math.max(0, roster.count - reportsKept);
  }

  #retire(by: Roster, writes: Writes): void {
    const { server } = by;
    const gone = outdated(by);
    if (gone.length === 0) return;
    server.rosters = server.rosters.filter((roster) => !gone.includes(roster));
    for (const roster of gone) {
      writes.del.push(keyOf.roster(roster.id));
      writes.del.push(...reportKeys(roster));
    }
  }

  /** `isFirst` of a round of its roster: with that all of its services are written down. */
  #report(
    service: ServiceEntry,
    { state, info, period }: Stated,
    { at, nowMs }: When,
    writes: Writes,
    isFirst: boolean,
  ): void {
    const { state: before, timedOut } = service;
    this.apply(service, { id: this.last.row + 1, at, state, info }, writes);
    service.reportedMs = nowMs;
    service.timedOut = false;
    if (state !== (before ?? 'OK')) {
      const text = changeText(before, state);
      this.#keepInfo(service, info, writes);
      this.alert(service.server, service, 'service:state', state, text, at, writes);
    }
    if (timedOut) {
      this.#keepInfo(service, info, writes);
      this.alert(service.server, service, 'plugin', 'online', 'Monitoring plugin back online', at, writes);
    }
    if (isFirst) service.period = period;
    else if (timedOut || period !== service.period) this.setPeriod(service, period, writes);
  }

  /** Says how often a service reports, and writes it down as it is. */
  setPeriod(service: ServiceEntry, period: number | null, writes: Writes): void {
    service.period = period;
    this.write(service, writes);
  }

  /** Writes a service down as it is. */
  write(service: ServiceEntry, writes: Writes): void {
    writes.put.push([keyOf.service(service.id), serviceValue(service)]);
  }

  /** Puts a row at the end of a service, also one that is read again. */
  apply(service: ServiceEntry, { id, at, state, info }: Row, writes: Writes): void {
    const over = service.apply({ id, at, state, info: this.#remembered(service, info) });
    if (over !== null) writes.put.push([keyOf.run(over.first), runValue(over)]);
    this.last.row = Math.max(this.last.row, id);
  }

  #remembered(service: ServiceEntry, info: string): string {
    this.#infoLength -= service.info.length;
    const isTooMuch = info.length > shortInfo && this.#infoLength + info.length > this.#infoRoom;
    // By way of bytes, since a slice holds on to the whole.
    const kept = isTooMuch ? `${Buffer.from(info.slice(0, shortInfo)).toString()}…` : info;
    this.#infoLength += kept.length;
    return kept;
  }

  /** Writes down something to be told of. */
  alert(
    server: KeptServer,
    service: ServiceEntry | null,
    channel: string,
    event: string,
    message: string,
    at: number,
    writes: Writes,
  ): AlertRow {
    const id = this.last.alert + 1;
    this.last.alert = id;
    const row = service === null || service.row === 0 ? null : service.row;
    const alert = { id, server: server.id, service: service?.id ?? null, row, at, channel, event, message };
    if (service !== null && channel !== 'service:state') service.isRunClosed = true;
    if (service !== null) this.#keepInfo(service, service.info, writes);
    writes.put.push([keyOf.alert(id), alertValue(alert)], [keyOf.unsent(id), 1]);
    return alert;
  }

  /** What a row said stays for its alerts: the ring keeps it for a while only. Once, however many alerts there are. */
  #keepInfo(service: ServiceEntry, info: string, writes: Writes): void {
    const { current, isInfoKept } = service;
    if (isInfoKept || current === null) return;
    service.isInfoKept = true;
    writes.put.push([keyOf.info(current.row), [current.at, info]]);
  }

  /** Writes down what somebody else told of long ago. */
  pastAlert(past: Omit<AlertRow, 'id'>, writes: Writes): AlertRow {
    this.last.alert += 1;
    const alert = { id: this.last.alert, ...past };
    writes.put.push([keyOf.alert(alert.id), alertValue(alert)]);
    return alert;
  }

  /** Takes a service out. Gives the rosters that it was of; what is kept of its past is the caller's to remove. */
  removeService(service: ServiceEntry): Roster[] {
    const { server, name, id } = service;
    if (this.services.delete(id)) this.#infoLength -= service.info.length;
    server.services.delete(name);
    const those = server.rosters.filter(({ services }) => services.includes(service));
    for (const roster of those)
      roster.services = roster.services.map((one) => (one === service ? null : one));
    server.rosters = server.rosters.filter((one) => one.services.some((member) => member !== null));
    return those;
  }

  /** Takes a server out with its services. Gives its rosters, as of a service. */
  removeServer(server: KeptServer): Roster[] {
    const rosters = server.rosters.splice(0);
    for (const roster of rosters) roster.services = roster.services.map(() => null);
    for (const service of [...server.services.values()]) this.removeService(service);
    this.servers.delete(server.id);
    this.byName.delete(server.name);
    return rosters;
  }
}

/** The keys of all reports that are kept of a roster. */
export function reportKeys({ id, count }: Pick<Roster, 'id' | 'count'>): string[] {
  return Array.from({ length: Math.min(count, reportsKept) }, (_, slot) => keyOf.report(id, slot));
}

/** A first state is compared with `OK`, and told as a change from `?`. */
export function changeText(old: State | undefined, state: State): string {
  return `State changed: "${old ?? '(?)'}" -> "${state}"`;
}
