import type { Json } from 'opsbro/sdk';
import type { AlertRow, Run, State } from '../model.ts';
import {
  alertValue,
  type KeptServer,
  type KeptService,
  keyOf,
  rowsKept,
  rowValue,
  runValue,
  serverValue,
  serviceValue,
} from './records.ts';
import { RowIds } from './row-ids.ts';

/** What one request writes. */
export interface Writes {
  put: [key: string, value: Json][];
  del: string[];
}

/** Ids that were given last. */
export interface LastIds {
  server: number;
  service: number;
  row: number;
  alert: number;
}

/** Characters of infos in memory: a service is shown by what of its info is left. The disk has it all. */
const infoRoom = 16 * 1024 * 1024;
const shortInfo = 200;

/** Servers and services in memory, and what each step of them writes. It knows no disk: what it gives is to be written as one batch. */
export class Ledger {
  readonly byName = new Map<string, KeptServer>();
  readonly servers = new Map<number, KeptServer>();
  readonly services = new Map<number, KeptService>();
  readonly last: LastIds = { server: 0, service: 0, row: 0, alert: 0 };
  /** Services that differ from what the disk has of them. */
  readonly dirty = new Set<KeptService>();
  readonly rows = new RowIds(rowsKept);
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

  addService(service: KeptService): void {
    this.services.set(service.id, service);
    this.#infoLength += service.current?.info.length ?? 0;
    service.server.services.set(service.name, service);
    this.last.service = Math.max(this.last.service, service.id);
  }

  register(name: string, hash: string, ip: string, writes: Writes): KeptServer {
    const id = this.last.server + 1;
    const server: KeptServer = { id, name, title: name, ip, hash, services: new Map() };
    this.addServer(server);
    writes.put.push([keyOf.server(id), serverValue(server)]);
    return server;
  }

  /** The service of that name, which is made where there is none. */
  serviceOf(server: KeptServer, name: string, writes: Writes): KeptService {
    const known = server.services.get(name);
    if (known !== undefined) return known;
    const service: KeptService = {
      ...{ id: this.last.service + 1, server, name, title: name, period: null, current: null },
      ...{ timedOut: false, reportedMs: 0, slot: this.rows.take(), run: null, isRunClosed: false },
    };
    this.addService(service);
    this.write(service, writes);
    return service;
  }

  /** A report of a service: its row, and an alert where its state is another, or it was offline. */
  report(
    service: KeptService,
    reported: { state: State; info: string; period: number | null },
    { at, nowMs }: { at: number; nowMs: number },
    writes: Writes,
  ): void {
    const { state, info, period } = reported;
    const { current, timedOut } = service;
    const row = this.last.row + 1;
    writes.put.push([keyOf.row(row), rowValue(service.id, { at, state, info })]);
    this.apply(service, { id: row, at, state, info }, writes);
    service.reportedMs = nowMs;
    service.timedOut = false;
    const old = current?.state ?? 'OK';
    if (state !== old)
      this.alert(
        service.server,
        service,
        'service:state',
        state,
        changeText(current?.state, state),
        at,
        writes,
      );
    if (timedOut)
      this.alert(service.server, service, 'plugin', 'online', 'Monitoring plugin back online', at, writes);
    if (timedOut || period !== service.period) this.setPeriod(service, period, writes);
  }

  /** Says how often a service reports, and writes it down as it is. */
  setPeriod(service: KeptService, period: number | null, writes: Writes): void {
    service.period = period;
    this.write(service, writes);
  }

  /** Writes a service down as it is. */
  write(service: KeptService, writes: Writes): void {
    writes.put.push([keyOf.service(service.id), serviceValue(service, this.rows.list(service.slot))]);
  }

  /** Puts a row at the end of a service, also one that is read again. */
  apply(
    service: KeptService,
    { id, at, state, info }: { id: number; at: number; state: State; info: string },
    writes: Writes,
  ): void {
    const { run } = service;
    if (run !== null && run.state === state && !service.isRunClosed) {
      run.last = id;
      run.lastAt = at;
      run.count += 1;
    } else {
      if (run !== null) writes.put.push([keyOf.run(run.first), runValue(run)]);
      service.run = newRun(id, at, state, run);
    }
    service.isRunClosed = false;
    service.current = { row: id, state, info: this.#remembered(service, info), at };
    for (const gone of this.rows.push(service.slot, id)) writes.del.push(keyOf.row(gone));
    this.last.row = Math.max(this.last.row, id);
    this.dirty.add(service);
  }

  #remembered({ current }: KeptService, info: string): string {
    this.#infoLength -= current?.info.length ?? 0;
    const isTooMuch = info.length > shortInfo && this.#infoLength + info.length > this.#infoRoom;
    // By way of bytes, since a slice holds on to the whole.
    const kept = isTooMuch ? `${Buffer.from(info.slice(0, shortInfo)).toString()}…` : info;
    this.#infoLength += kept.length;
    return kept;
  }

  /** Writes down something to be told of. */
  alert(
    server: KeptServer,
    service: KeptService | null,
    channel: string,
    event: string,
    message: string,
    at: number,
    writes: Writes,
  ): AlertRow {
    const id = this.last.alert + 1;
    this.last.alert = id;
    const row = service?.current?.row ?? null;
    const alert = { id, server: server.id, service: service?.id ?? null, row, at, channel, event, message };
    if (service !== null && channel !== 'service:state') {
      service.isRunClosed = true;
      this.dirty.add(service);
    }
    writes.put.push([keyOf.alert(id), alertValue(alert)], [keyOf.unsent(id), 1]);
    return alert;
  }

  /** Writes down what somebody else told of long ago. */
  pastAlert(past: Omit<AlertRow, 'id'>, writes: Writes): AlertRow {
    this.last.alert += 1;
    const alert = { id: this.last.alert, ...past };
    writes.put.push([keyOf.alert(alert.id), alertValue(alert)]);
    return alert;
  }

  /** Takes a service out; what is kept of its rows and runs is the caller's to remove. */
  removeService(service: KeptService): void {
    if (this.services.delete(service.id)) {
      this.#infoLength -= service.current?.info.length ?? 0;
      this.rows.release(service.slot);
    }
    service.server.services.delete(service.name);
    this.dirty.delete(service);
  }

  removeServer(server: KeptServer): void {
    for (const service of [...server.services.values()]) this.removeService(service);
    this.servers.delete(server.id);
    this.byName.delete(server.name);
  }
}

function newRun(id: number, at: number, state: State, before: Run | null): Run {
  return { first: id, last: id, count: 1, firstAt: at, lastAt: at, state, prev: before?.first ?? 0 };
}

/** A first state is compared with `OK`, and told as a change from `?`. */
export function changeText(old: State | undefined, state: State): string {
  return `State changed: "${old ?? '(?)'}" -> "${state}"`;
}
