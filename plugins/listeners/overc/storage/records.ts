import type { Json, JsonObject } from 'opsbro/sdk';
import type { AlertRow, Current, Run, ServerFacts, State } from '../model.ts';
import type { Roster } from './rosters.ts';
import { ServiceEntry } from './service-entry.ts';

/** A server in memory. */
export interface KeptServer extends ServerFacts {
  /** Of name and key; '' while the next key is to count. */
  hash: string;
  services: Map<string, ServiceEntry>;
  rosters: Roster[];
}

/** A report as it is kept: the first of its rows, whose ids follow each other, and of each its state and what it said. */
export interface KeptReport {
  /** Its number in its roster. */
  number: number;
  first: number;
  /** Epoch ms. */
  at: number;
  states: State[];
  infos: string[];
}

/** Keys of each kind: what it begins with, and twelve digits, so that they are in the order of ids. */
export const keyOf = {
  server: (id: number) => `v/${padded(id)}`,
  service: (id: number) => `s/${padded(id)}`,
  roster: (id: number) => `l/${padded(id)}`,
  report: (roster: number, slot: number) => `b/${padded(roster)}/${slot < 10 ? '0' : ''}${slot}`,
  /** What a row said that an alert is tied to. */
  info: (row: number) => `i/${padded(row)}`,
  run: (first: number) => `g/${padded(first)}`,
  alert: (id: number) => `a/${padded(id)}`,
  unsent: (id: number) => `u/${padded(id)}`,
};

/** Where the highest ids are, also of what was removed. */
export const lastKey = 'm/last';

/** The highest ids there were: none of them may be given again, since what has one may still be on the disk. */
export type Highest = [row: number, alert: number, roster: number];

/** The id in a key. */
export function idOf(key: string): number {
  return Number(key.slice(2, 14));
}

function padded(id: number): string {
  return String(id).padStart(12, '0');
}

/** What the store keeps of a server. */
export function serverValue({ name, title, ip, hash }: KeptServer): JsonObject {
  return { name, title, ip, hash };
}

/** A server of the store. */
export function readServer(id: number, value: Json): KeptServer {
  const { name, title, ip, hash } = value as { [key: string]: string };
  const facts = { id, name: name ?? '', title: title ?? '', ip: ip ?? '', hash: hash ?? '' };
  return { ...facts, services: new Map(), rosters: [] };
}

/** What the store keeps of a service, as it is when it is written. */
export function serviceValue(service: ServiceEntry): JsonObject {
  const { server, name, title, period, current, timedOut, run, isRunClosed } = service;
  return {
    server: server.id,
    name,
    title,
    period,
    timedOut,
    isRunClosed,
    current: current === null ? null : [current.row, current.state, current.info, current.at],
    run: run === null ? null : runValue(run),
  };
}

/** A service that is being removed: of no server, so that a start knows it for gone. */
export function orphanValue(service: ServiceEntry): JsonObject {
  return { ...serviceValue(service), server: 0 };
}

/** A service of the store; undefined where its server is gone. */
export function readService(
  id: number,
  value: Json,
  servers: ReadonlyMap<number, KeptServer>,
): ServiceEntry | undefined {
  const { server, name, title, period, timedOut, isRunClosed, current, run } = value as JsonObject;
  const owner = servers.get(Number(server));
  if (owner === undefined) return undefined;
  const service = new ServiceEntry({
    ...{ id, server: owner, name: String(name), title: String(title) },
    period: typeof period === 'number' ? period : null,
  });
  service.restore(readCurrent(current ?? null), run == null ? null : readRun(run));
  service.timedOut = timedOut === true;
  service.isRunClosed = isRunClosed === true;
  return service;
}

function readCurrent(value: Json): Current | null {
  if (!Array.isArray(value)) return null;
  const [row, state, info, at] = value as [number, State, string, number];
  return { row, state, info, at };
}

/** What the store keeps of a roster. A service that is gone is 0. */
export function rosterValue({ server, services, count, last, lap, lapBefore }: Roster): Json {
  return [server.id, services.map((service) => service?.id ?? 0), count, last, lap, lapBefore];
}

/** A roster of the store; undefined where its server or all of its services are gone. */
export function readRoster(
  id: number,
  value: Json,
  known: { servers: ReadonlyMap<number, KeptServer>; services: ReadonlyMap<number, ServiceEntry> },
): Roster | undefined {
  const [server, ids, count, last, lap, lapBefore] = value as [
    number,
    number[],
    ...[number, number, number, number],
  ];
  const owner = known.servers.get(server);
  const services = ids.map((one) => known.services.get(one) ?? null);
  if (owner === undefined || services.every((one) => one === null)) return undefined;
  return { id, server: owner, services, count, kept: count, last, lap, lapBefore };
}

const letters: { [state in State]: string } = { OK: 'O', WARN: 'W', FAIL: 'F', UNK: 'U' };
const statesOf: { [letter: string]: State } = { O: 'OK', W: 'WARN', F: 'FAIL', U: 'UNK' };

/** What the store keeps of a report: short, since it is most of all that is kept. */
export function reportValue({ number, first, at, states, infos }: KeptReport): Json {
  let text = '';
  for (const state of states) text += letters[state];
  return [number, first, at, text, infos];
}

/** A report of the store. */
export function readReport(value: Json): KeptReport {
  const [number, first, at, text, infos] = value as [number, number, number, string, string[]];
  return { number, first, at, states: [...text].map((letter) => statesOf[letter] ?? 'UNK'), infos };
}

/** What the store keeps of a run. */
export function runValue({ first, last, count, firstAt, lastAt, state, prev }: Run): Json {
  return [first, last, count, firstAt, lastAt, state, prev];
}

/** A run of the store. */
export function readRun(value: Json): Run {
  const [first, last, count, firstAt, lastAt, state, prev] = value as [
    ...[number, number, number, number, number],
    State,
    number,
  ];
  return { first, last, count, firstAt, lastAt, state, prev };
}

/** What the store keeps of an alert. */
export function alertValue({ server, service, row, at, channel, event, message }: AlertRow): Json {
  return [server, service, row, at, channel, event, message];
}

/** An alert of the store. */
export function readAlert(id: number, value: Json): AlertRow {
  const [server, service, row, at, channel, event, message] = value as [
    number,
    number | null,
    number | null,
    number,
    string,
    string,
    string,
  ];
  return { id, server, service, row, at, channel, event, message };
}
