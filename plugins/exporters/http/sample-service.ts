import { once } from 'node:events';
import { type ClientRequest, request as clearRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Json, JsonObject, RouteAnswer, RouteRequest, RouteView } from 'opsbro/sdk';
import { type ServiceTestContext, serviceContext } from 'opsbro/sdk/testing';
import http from './index.ts';
import type { Options } from './options.ts';

/** Options as the manifest fills them in, on a port that is free. */
export const defaults: Options = {
  address: '127.0.0.1',
  port: 0,
  names: [],
  anonymous: 'read',
  trusted_proxies: [],
  base_path: '',
  origins: [],
  address_rate: 100_000,
  token_rate: 100_000,
  header_timeout: '10s',
  request_timeout: '30s',
  answer_timeout: '10s',
  max_connections: 256,
  max_connections_per_address: 64,
};

/** A route of the table. */
export function route(path: string, more: Partial<RouteView> = {}): RouteView {
  return { method: 'GET', path, scope: 'read', ...more };
}

/** Routes that a service of a test serves unless it is given others. */
export const routes = [
  route('/one/:name'),
  route('/rest/*path'),
  route('/body', { method: 'POST' }),
  route('/form', { method: 'POST', form: true }),
];

/** An answer of the agent. */
export function json(body: Json, status = 200): RouteAnswer {
  return { status, type: 'application/json', body: new TextEncoder().encode(JSON.stringify(body)) };
}

/** Starts the service over some routes, which answer with what they were asked. */
export async function start(
  options: Partial<Options> = {},
  table: RouteView[] = routes,
  ask: (asked: RouteRequest, options?: { timeoutMs?: number }) => Promise<RouteAnswer> = async (asked) =>
    json(asked as unknown as Json),
  state: JsonObject = {},
): Promise<{ ctx: ServiceTestContext<Options>; port: number }> {
  const snapshots = { routes: table as unknown as Json };
  const ctx = serviceContext({ options: { ...defaults, ...options }, snapshots, ask, state });
  await http.start(ctx);
  const [line] = ctx.logs.filter(({ message }) => message.startsWith('listens'));
  return { ctx, port: Number(/:(\d+)$/.exec(line?.message ?? '')?.[1]) };
}

/** What came back. */
export interface Answered {
  status: number;
  headers: { [name: string]: unknown };
  body: string;
}

/** What is asked beside the path: `from` is the own address, `ca` makes it TLS. */
export interface Asked {
  method?: string;
  headers?: object;
  body?: string;
  from?: string;
  ca?: string;
}

/** Asks over a connection of its own. */
export function ask(port: number, path: string, asked: Asked = {}): Promise<Answered> {
  const { method = 'GET', headers = {}, body = '', from, ca } = asked;
  const options = { host: '127.0.0.1', port, path, method, headers: { ...headers }, agent: false as const };
  const own = from === undefined ? {} : { localAddress: from };
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage): void => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    };
    const sent: ClientRequest =
      ca === undefined
        ? clearRequest({ ...options, ...own }, take)
        : secureRequest({ ...options, ...own, ca }, take);
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The error code of a refusal. */
export function codeOf({ body }: Answered): string {
  return JSON.parse(body).error.code;
}

const sockets: Socket[] = [];

/** Opens a socket that `closeSockets` ends. */
export function open(port: number, from?: string): Socket {
  const own = from === undefined ? {} : { localAddress: from };
  const socket = connect({ port, host: '127.0.0.1', ...own });
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** Sends bytes as they are; resolves with what came back until the connection closed. */
export async function send(port: number, bytes: string): Promise<string> {
  const socket = open(port);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

/** Ends what a test has opened. */
export function closeSockets(): void {
  for (const socket of sockets.splice(0)) socket.destroy();
}
