import type { Json, JsonObject } from 'opsbro/sdk';
import type { AlertRow, Current, Run, ServerFacts, State } from '../model.ts';
import type { RowIds } from './row-ids.ts';

/** A server in memory. */
export interface KeptServer extends ServerFacts {
  /** Of name and key; '' while the next key is to count. */
  hash: string;
  services: Map<string, KeptService>;
}

/** A service in memory. */
export interface KeptService {
  id: number;
  server: KeptServer;
  name: string;
  title: string;
  period: number | null;
  current: Current | null;
  timedOut: boolean;
  reportedMs: number;
  /** Where the ids of the rows that are kept are. */
  slot: number;
  run: Run | null;
  /** An alert is tied to its newest row: the next one begins a run. */
  isRunClosed: boolean;
}

/** Rows kept of a service. */
export const rowsKept = 50;

/** Keys of each kind: what it begins with, and twelve digits, so that they are in the order of ids. */
export const keyOf = {
  server: (id: number) => `v/${padded(id)}`,
  service: (id: number) => `s/${padded(id)}`,
  row: (id: number) => `r/${padded(id)}`,
  run: (first: number) => `g/${padded(first)}`,
  alert: (id: number) => `a/${padded(id)}`,
  unsent: (id: number) => `u/${padded(id)}`,
};

/** Where a checkpoint is: services are written down as of its rows and alerts. */
export const checkpointKey = 'm/checkpoint';

/** The id in a key. */
export function idOf(key: string): number {
  return Number(key.slice(2));
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
  return { id, name: name ?? '', title: title ?? '', ip: ip ?? '', hash: hash ?? '', services: new Map() };
}

/** What the store keeps of a service and its rows. Their ids are kept as differences. */
export function serviceValue(service: KeptService, rows: readonly number[]): JsonObject {
  const { server, name, title, period, current, timedOut, run, isRunClosed } = service;
  return {
    server: server.id,
    name,
    title,
    period,
    timedOut,
    isRunClosed,
    current: current === null ? null : [current.row, current.state, current.info, current.at],
    rows: rows.map((id, index) => id - (rows[index - 1] ?? 0)),
    run: run === null ? null : runValue(run),
  };
}

/** A service of the store; undefined where its server is gone. */
export function readService(
  id: number,
  value: Json,
  servers: ReadonlyMap<number, KeptServer>,
  ids: RowIds,
): KeptService | undefined {
  const { server, name, title, period, timedOut, isRunClosed, current, rows, run } = value as JsonObject;
  const owner = servers.get(Number(server));
  if (owner === undefined) return undefined;
  const slot = ids.take();
  let row = 0;
  for (const step of rows as number[]) {
    row += step;
    ids.push(slot, row);
  }
  return {
    id,
    server: owner,
    name: String(name),
    // Mostly one and the same text.
    title: title === name ? String(name) : String(title),
    period: typeof period === 'number' ? period : null,
    current: readCurrent(current ?? null),
    timedOut: timedOut === true,
    reportedMs: 0,
    slot,
    run: run == null ? null : readRun(run),
    isRunClosed: isRunClosed === true,
  };
}

function readCurrent(value: Json): Current | null {
  if (!Array.isArray(value)) return null;
  const [row, state, info, at] = value as [number, State, string, number];
  return { row, state, info, at };
}

/** What the store keeps of a row. */
export function rowValue(
  service: number,
  { at, state, info }: { at: number; state: State; info: string },
): Json {
  return [service, at, state, info];
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
