import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, JsonObject, KeyValues, PassiveReport, RouteAnswer, RouteRequest } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import type { Options } from './options.ts';
import { Overc } from './service.ts';

/** Options as the manifest fills them in, but for the port. */
export const defaults: Options = {
  ...{ enabled: true, address: '127.0.0.1', port: 0, trusted_proxies: [], config: '', database: '' },
  ...{ api_auth: '', ui_auth: '', enrollment_token: '', max_servers: 100, max_services: 1000 },
  ...{ max_disk: '1GiB', max_connections: 100, services: [], default_handlers: [] },
};

/** A clock that a test moves. */
export class PushClock implements Clock {
  wallMs = Date.UTC(2026, 0, 1, 12);
  monotonicMs = 1_000_000;

  now(): number {
    return this.wallMs;
  }

  monotonic(): number {
    return this.monotonicMs;
  }

  /** Both go on. */
  advance(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }
}

/** A push server that runs in the test's own thread, and what it told an agent. */
export interface TestPush {
  overc: Overc;
  clock: PushClock;
  url: string;
  reports: PassiveReport[];
  logs: { level: string; message: string }[];
  kv: KeyValues;
  post(path: string, body: unknown, headers?: { [name: string]: string }): Promise<[number, JsonObject]>;
  get(path: string, method?: string): Promise<[number, JsonObject]>;
  stop(): Promise<void>;
}

/** Makes a folder for a push server's data, and what removes it. */
export function scratch(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-overc-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Copies a store that goes on, as a kill at this moment would leave it: LevelDB makes and removes files beside us. */
export function copyAsKilled(from: string, to: string): void {
  const names = (): string => readdirSync(from).sort().join();
  for (let tries = 0; tries < 1000; tries += 1) {
    const before = names();
    rmSync(to, { recursive: true, force: true });
    try {
      cpSync(from, to, { recursive: true });
    } catch {
      continue;
    }
    if (names() === before) return;
  }
  throw new Error(`the files of ${from} change all the time`);
}

/** Starts a push server over a folder. `env` are variables of the agent. */
export async function startPush(
  folder: string,
  options: Partial<Options> = {},
  {
    clock = new PushClock(),
    env = {},
    kv,
  }: { clock?: PushClock; env?: { [name: string]: string }; kv?: KeyValues | undefined } = {},
): Promise<TestPush> {
  const reports: PassiveReport[] = [];
  const ask = async ({ route, body }: RouteRequest): Promise<RouteAnswer> => {
    if (route === '/api/v1/passive') reports.push(body as unknown as PassiveReport);
    const reply = route === '/api/v1/agent' ? { data: folder } : { refused: 0, held: 0 };
    return { status: 200, type: 'application/json', body: Buffer.from(JSON.stringify(reply)) };
  };
  const ctx = serviceContext<Options>({ options: { ...defaults, ...options }, ask });
  const overc = new Overc({ ...ctx, clock, env: (name) => env[name], ...(kv !== undefined && { kv }) });
  await overc.open();
  const url = `http://127.0.0.1:${overc.port}`;
  const asked = async (path: string, init: RequestInit): Promise<[number, JsonObject]> => {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    return [response.status, isJson ? (JSON.parse(text) as JsonObject) : { text }];
  };
  return {
    ...{ overc, clock, url, reports, logs: ctx.logs, kv: kv ?? ctx.kv },
    post: (path, body, headers = {}) =>
      asked(path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) }),
    get: (path, method = 'GET') => asked(path, { method }),
    stop: () => overc.close(),
  };
}
