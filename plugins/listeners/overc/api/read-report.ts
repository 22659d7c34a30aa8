import type { Json, JsonObject } from 'opsbro/sdk';
import { type ReportedAlert, type ReportedService, readState } from '../model.ts';
import { Refused } from './refused.ts';

/** Who sends. */
export interface Identity {
  name: string;
  key: string;
}

/** What a body brings, and when it was so: `ageSeconds` of a report that had to wait at its sender. */
export interface Sent {
  identity: Identity;
  services: ReportedService[];
  alerts: ReportedAlert[];
  ageSeconds: number;
  /** What `services` lacks and its sender is to hear of, once the rest is kept; '' for nothing. */
  leftOut: string;
}

const serviceForm =
  'Data: "services" should be a list of objects with keys "name", "state", "info"?, "period"?';
const alertForm = 'Data: "alerts" should be a list of objects with keys "title", "message"?, "service"?';
const alertKeys = new Set(['title', 'message', 'service']);
const longestPeriod = 10 * 366 * 86_400;
const longestAge = 7 * 86_400;
/** As the tables of 1.0.9 had it. */
const longestText = 65_535;
const none: Pick<Sent, 'services' | 'alerts' | 'leftOut'> = { services: [], alerts: [], leftOut: '' };

/** The body of `/api/ping`. Throws what it is refused with, as those of the others do: in the order in which clients know it. */
export function readPing(body: Json): Sent {
  const data = object(body, ['server']);
  return { identity: identityOf(data.server), ageSeconds: ageOf(data), ...none };
}

/** The body of `/api/set/service/status`. */
export function readStatus(body: Json): Sent {
  const data = object(body, ['server', 'period', 'services']);
  const period = integer(data.period);
  if (period === undefined) throw new Refused(400, 'Data: "period" should be an integer');
  if (period < 0) throw new Refused(400, 'Data: "period" should not be negative');
  const { services } = data;
  if (!Array.isArray(services)) throw new Refused(400, 'Data: "services" should be a list');
  const read = services.map((service) => serviceOf(service, period));
  const named = read.filter(({ name }) => name !== '');
  const count = read.length - named.length;
  const leftOut =
    count === 0
      ? ''
      : `Data: ${count} of ${read.length} "services" ${count === 1 ? 'has' : 'have'} no name; the others were taken`;
  return { identity: identityOf(data.server), ageSeconds: ageOf(data), ...none, services: named, leftOut };
}

/** The body of `/api/set/alerts`. */
export function readAlerts(body: Json): Sent {
  const data = object(body, ['server', 'alerts']);
  const { alerts } = data;
  if (!Array.isArray(alerts)) throw new Refused(400, 'Data: "alerts" should be a list');
  const read = alerts.map(alertOf);
  return { identity: identityOf(data.server), ageSeconds: ageOf(data), ...none, alerts: read };
}

/** Half of a character cannot be kept: what is stored must be what is looked for later. */
export function wholeText(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? Buffer.from(text).toString() : text;
}

function object(body: Json, keys: string[]): JsonObject {
  if (!isObject(body)) throw new Refused(400, 'Invalid data: should be JSON object');
  for (const key of keys)
    if (!Object.hasOwn(body, key)) throw new Refused(400, `Data: "${key}" key is missing`);
  return body;
}

function identityOf(server: Json | undefined): Identity {
  if (!isObject(server)) throw new Refused(400, 'Data: "server" should be a dict');
  const [name, key] = [own(server, 'name'), own(server, 'key')];
  if (typeof name !== 'string') throw new Refused(400, 'Data: "server.name" should be a string');
  if (name === '') throw new Refused(400, 'Data: "server.name" should not be empty');
  if (typeof key !== 'string') throw new Refused(400, 'Data: "server.key" should be a string');
  return { name: wholeText(name), key };
}

function serviceOf(item: Json, period: number): ReportedService {
  if (!isObject(item)) throw new Refused(400, serviceForm);
  const [name, state, info = ''] = [own(item, 'name'), own(item, 'state'), own(item, 'info')];
  if (typeof name !== 'string' || typeof state !== 'string' || typeof info !== 'string')
    throw new Refused(400, serviceForm);
  const ownPeriod = integer(own(item, 'period')) ?? -1;
  return {
    name: wholeText(name),
    // A bad one, too.
    period: ownPeriod < 0 ? period : ownPeriod,
    ...readState(wholeText(state).slice(0, 200), cut(wholeText(info))),
  };
}

function alertOf(item: Json): ReportedAlert {
  if (!isObject(item)) throw new Refused(400, alertForm);
  const [message, service = null] = [own(item, 'message'), own(item, 'service')];
  const isStrange =
    typeof message !== 'string' ||
    (Object.hasOwn(item, 'service') && typeof service !== 'string') ||
    Object.keys(item).some((key) => !alertKeys.has(key));
  if (isStrange) throw new Refused(400, alertForm);
  return {
    message: cut(wholeText(message as string)),
    // Without a name it is none: the message is the server's.
    service: service === null || service === '' ? null : wholeText(service as string),
  };
}

/** What Python's `int()` makes of it; undefined where it makes nothing. */
function integer(value: Json | undefined): number | undefined {
  if (typeof value === 'boolean') return Number(value);
  const number =
    typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : (value as unknown);
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  return Math.max(-longestPeriod, Math.min(longestPeriod, Math.trunc(number))) + 0;
}

/** Seconds that a report waited before it was sent: later versions of overcli say so. */
function ageOf({ age }: JsonObject): number {
  return typeof age === 'number' && age > 0 ? Math.min(age, longestAge) : 0;
}

function cut(text: string): string {
  // By way of bytes: a slice would hold on to the whole text for as long as it is kept.
  return text.length > longestText ? Buffer.from(text.slice(0, longestText)).toString() : text;
}

function own(data: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(data, name) ? data[name] : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
