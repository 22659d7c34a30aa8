import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Json, JsonObject } from 'opsbro/sdk';
import { startPush, type TestPush } from '../../plugins/listeners/overc/test-push.ts';
import { mutate } from './mutate.ts';
import { type Accepted, accepted } from './push-validator.ts';
import { pick, randomFrom, type Soak } from './result.ts';

const bodies = 500_000;
const atOnce = 64;
const routes = { ping: '/api/ping', status: '/api/set/service/status', alerts: '/api/set/alerts' } as const;
/** Beyond what the first tenth took, memory may grow by so much. */
const growthBytes = 64 * 1024 * 1024;

type Route = keyof typeof routes;

/** Half a million bodies, most of them broken: no 5xx, 200 for those alone that an independent validator takes, nothing else stored, no growth. */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-fuzz-push-'));
  const push = await startPush(folder, { max_servers: 1_000_000, max_services: 1_000_000 });
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const found: string[] = [];
  const figures = { sent: 0, taken: 0, refused: 0, services: 0, grownMiB: 0 };
  const expected = new Set<string>();
  const rounds = Math.round(bodies * share);
  let settledBytes = 0;
  try {
    while (figures.sent < rounds && found.length < 10) {
      const batch = Array.from({ length: atOnce }, () => made(random));
      // Names are limited in how often they may report; the clock is ours.
      push.clock.advance(60_000);
      await Promise.all(batch.map((one) => judge(push, agent, one, expected, figures, found)));
      figures.sent += batch.length;
      push.reports.length = 0;
      if (settledBytes === 0 && figures.sent >= rounds / 10) settledBytes = memory();
      if (figures.sent % (atOnce * 500) === 0) say(`  ${figures.sent} bodies, ${figures.taken} taken`);
    }
    found.push(...(await stored(push, expected)));
    figures.services = expected.size;
    figures.grownMiB = Math.round((memory() - settledBytes) / 2 ** 20);
    if (figures.grownMiB * 2 ** 20 > growthBytes) found.push(`memory grew by ${figures.grownMiB} MiB`);
  } finally {
    agent.destroy();
    await push.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return { soak: 'fuzz-push', rounds: figures.sent, seed, pass: found.length === 0, found, figures };
};

interface Made {
  route: Route;
  bytes: Buffer;
}

async function judge(
  push: TestPush,
  agent: Agent,
  { route, bytes }: Made,
  expected: Set<string>,
  figures: { taken: number; refused: number },
  found: string[],
): Promise<void> {
  const status = await send(push.url, agent, routes[route], bytes);
  const text = bytes.toString();
  const good = accepted(route, text);
  const isTaken = status === 200;
  if (isTaken) figures.taken += 1;
  else figures.refused += 1;
  const isLimited = [403, 413, 429].includes(status);
  const isWhole = good?.unnamed === 0;
  const isRight = isTaken ? isWhole : status === 400 ? !isWhole : isLimited;
  if (!isRight) found.push(`${routes[route]} answered ${status} to ${JSON.stringify(text.slice(0, 300))}`);
  if ((isTaken || status === 400) && good !== undefined) note(route, text, good, expected);
}

/** What a body must have brought that was taken, whole or without what has no name. */
function note(route: Route, text: string, { server }: Accepted, expected: Set<string>): void {
  const whole = (name: string): string => Buffer.from(name).toString();
  const body = JSON.parse(text) as { services?: { name: string }[]; alerts?: { service?: string }[] };
  const names =
    route === 'status'
      ? body.services?.map(({ name }) => name)
      : route === 'alerts'
        ? body.alerts?.flatMap(({ service }) => (service === undefined ? [] : [service]))
        : [];
  for (const name of names?.filter(Boolean) ?? []) expected.add(JSON.stringify([whole(server), whole(name)]));
}

/** What is stored that should not be, and what is not that should. */
async function stored(push: TestPush, expected: ReadonlySet<string>): Promise<string[]> {
  const [, { servers }] = await push.get('/ui/api/status/');
  const there = new Set(
    (servers as { name: string; services: { name: string }[] }[]).flatMap(({ name, services }) =>
      services.map((service) => JSON.stringify([name, service.name])),
    ),
  );
  return [
    ...[...there]
      .filter((name) => !expected.has(name))
      .map((name) => `stored, though refused: ${name.slice(0, 200)}`),
    ...[...expected]
      .filter((name) => !there.has(name))
      .map((name) => `taken, and not stored: ${name.slice(0, 200)}`),
  ].slice(0, 10);
}

function send(url: string, agent: Agent, path: string, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { method: 'POST', agent }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('error', reject);
    asked.end(bytes);
  });
}

const values: readonly Json[] = [
  ...[null, true, 0, -1, 1.5, 1e308, '', '60', ' 7 ', '1.5', 'OK', 'x'.repeat(600), [], {}, [[]]],
  ...[{ name: 'a' }, 'größe', '\u0000', '__proto__', 'constructor'],
];

function made(random: () => number): Made {
  const route = pick(Object.keys(routes) as Route[], random);
  const body = goodBody(route, random);
  if (random() < 0.6) change(body, random);
  const text = JSON.stringify(body);
  if (random() < 0.7) return { route, bytes: Buffer.from(text) };
  return { route, bytes: mutate(text, random).subarray(0, 100_000) };
}

function goodBody(route: Route, random: () => number): JsonObject {
  const name = `host${Math.floor(random() * 200)}`;
  const server = { name, key: name };
  const service = (): string => `service${Math.floor(random() * 20)}`;
  if (route === 'ping') return { server };
  if (route === 'alerts') return { server, alerts: [{ message: 'm', service: service() }, { message: 'n' }] };
  const services: Json[] = [
    { name: service(), state: 'OK', info: 'i' },
    { name: service(), state: pick(['ERR', 'X'], random) },
  ];
  return { server, period: 60, services };
}

/** Replaces, removes or adds something somewhere. */
function change(value: JsonObject | Json[], random: () => number): void {
  const keys = Object.keys(value);
  const key = pick([...keys, 'more'], random);
  const holder = value as JsonObject;
  const inner = holder[key];
  if (typeof inner === 'object' && inner !== null && random() < 0.6) change(inner as JsonObject, random);
  else if (random() < 0.3 && !Array.isArray(value)) delete holder[key];
  else if (Array.isArray(value)) value.push(pick(values, random));
  else holder[key] = pick(values, random);
}

/** Bytes that are held: garbage is collected first, else what waits for its collection would be taken for growth. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
