import type { Clock, Json } from 'opsbro/sdk';
import type { Answer, Asked } from '../http/door.ts';
import type { Outcome } from '../model.ts';
import type { Storage } from '../storage/storage.ts';
import type { Rate } from './rate.ts';
import { readAlerts, readPing, readStatus, type Sent, wholeText } from './read-report.ts';
import { Refused } from './refused.ts';

/** What the routes of clients work with. */
export interface PushParts {
  storage: Pick<Storage, 'take'>;
  rate: Rate;
  clock: Clock;
  sender(asked: Asked): string;
  /** Of a server that is not known yet: '' or what it sends beside its name. */
  enrollment(token: string): boolean;
}

/** Items of one request; more do not come from any client there is. */
const mostItems = 2000;
const longestName = 500;
/** Keys are some dozens of characters; a body could bring a million. */
const longestKey = 512;

const routes: { [path: string]: { read(body: Json): Sent; done: object } } = {
  '/api/ping': { read: readPing, done: { pong: 1 } },
  '/api/set/service/status': { read: readStatus, done: { ok: 1 } },
  '/api/set/alerts': { read: readAlerts, done: { ok: 1 } },
};

/** Whether this is a route of clients. */
export function isPushRoute(path: string): boolean {
  return Object.hasOwn(routes, path);
}

/** Answers a request of a client: its 200 says that all of it is on the disk. */
export async function answerPush(asked: Asked, parts: PushParts): Promise<Answer> {
  const route = routes[asked.path];
  if (route === undefined) throw new Refused(404, `no route ${asked.path}`);
  if (asked.method !== 'POST') throw new Refused(405, `${asked.path} takes POST`);
  const body = parse(asked.body);
  const { identity, services, alerts, ageSeconds, leftOut } = route.read(body);
  const count = services.length + alerts.length;
  if (count > mostItems)
    throw new Refused(413, `${count} items; at most ${mostItems} are taken in one request`);
  refuseLong([identity.name, ...services.map(({ name }) => name)], identity.key);
  refuseLong(alerts.flatMap(({ service }) => service ?? []));
  const ip = parts.sender(asked);
  // By address too: who only knows a name must not use up what its owner may send.
  if (!parts.rate.take(`${ip} ${identity.name}`, parts.clock.monotonic()))
    throw new Refused(429, `too many reports of "${identity.name.slice(0, 200)}"; 20 a second are taken`);
  const outcome = await parts.storage.take({
    server: identity.name,
    key: identity.key,
    ip,
    at: parts.clock.now() - Math.round(ageSeconds * 1000),
    services,
    alerts,
    mayRegister: parts.enrollment(tokenOf(asked, body)),
  });
  if (outcome !== 'ok') throw refusalOf(outcome);
  if (leftOut !== '') throw new Refused(400, leftOut);
  return { status: 200, body: route.done };
}

/** Refuses what would be kept for each name that somebody makes up. */
export function refuseLong(names: readonly string[], key = ''): void {
  if (names.some((name) => name.length > longestName))
    throw new Refused(413, `a name is longer than ${longestName} characters`);
  if (key.length > longestKey) throw new Refused(413, `a key is longer than ${longestKey} characters`);
}

/** What an outcome is answered with. */
export function refusalOf(outcome: Exclude<Outcome, 'ok'>): Refused {
  if (outcome === 'wrong-key') return new Refused(403, 'Invalid server key');
  if (outcome === 'unknown-server')
    return new Refused(
      403,
      'Unknown server: an enrollment token is needed, as the header X-Enrollment-Token; overcli takes it from OVERCLI_ENROLLMENT_TOKEN',
    );
  return new Refused(503, 'there is no room for another server or service');
}

function parse(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString()) as Json;
  } catch (error) {
    throw new Refused(400, `Invalid JSON: ${wholeText((error as Error).message).slice(0, 200)}`);
  }
}

/** What a server that is not known yet sends as a header; '' for nothing. */
export function headerToken({ headers }: Asked): string {
  const sent = headers['x-enrollment-token'];
  return typeof sent === 'string' ? sent : '';
}

/** In a header, or in the body beside name and key. */
function tokenOf(asked: Asked, body: Json): string {
  const sent = headerToken(asked);
  if (sent !== '') return sent;
  const { server } = body as { server?: { enrollment_token?: unknown } };
  return typeof server?.enrollment_token === 'string' ? server.enrollment_token : '';
}
