import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { CheckFact } from 'opsbro/sdk';
import { type WebSocket, WebSocketServer } from 'ws';
import { PageFiles } from '../../plugins/exporters/web/page-files.ts';

/** Hosts that push, and the checks of each. */
export const hosts = 1000;
export const services = 20;

/** An agent to the eye of the page: its files, and a stream of many hosts. */
export interface StreamPeer {
  url: string;
  /** A number that was not given before. */
  next(): number;
  /** Tells of a check that says something else. */
  change(host: number, service: number, output: string): void;
  close(): Promise<void>;
}

const states = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'warning', 'critical', 'unknown'] as const;

function checkOf(host: number, service: number, output: string): CheckFact {
  const [server, name] = [`host${String(host).padStart(4, '0')}`, `service${service}`];
  const state = states[(host * 7 + service * 3) % states.length] ?? 'ok';
  return {
    ...{ id: `push/check/${server}/${name}`, name: `${server}/${name}`, display_name: `${server} ${name}` },
    ...{ pack: 'push', state, hard: true, output, long_output: '', perfdata: '' },
    ...{ since: Date.now() - 3_600_000, last_run: Date.now(), stale: false },
    labels: { server, service: name },
  };
}

/** Starts it over the built page. */
export async function startStream(folder: string): Promise<StreamPeer> {
  const page = await PageFiles.read(folder);
  const checks = Array.from({ length: hosts * services }, (_, index) => {
    const [host, service] = [Math.floor(index / services), index % services];
    return checkOf(host, service, `${service} of 20 are well, as they were an hour ago`);
  });
  const node = { uuid: 'own', name: 'bench', zone: 'lan', display_name: 'bench' };
  const [clients, server] = [
    new Set<WebSocket>(),
    createServer((asked, reply) => answer(page, asked, reply)),
  ];
  let [seq, last] = [0, 0];
  const sockets = new WebSocketServer({ server, path: '/api/v1/stream' });
  sockets.on('connection', (socket, { url = '' }) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    const after = new URL(url, 'http://localhost').searchParams.get('after');
    const data = { node, groups: ['linux'], checks, nodes: [] };
    const at = new Date().toISOString();
    socket.send(
      JSON.stringify(
        after === null
          ? { type: 'snapshot', stream: 'bench', seq, at, data }
          : { type: 'resumed', stream: 'bench', seq: Number(after) },
      ),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next() {
      last += 1;
      return last;
    },
    change(host, service, output) {
      seq += 1;
      const data = checkOf(host, service, output);
      checks[host * services + service] = data;
      const text = JSON.stringify({ type: 'check', data, seq, at: new Date().toISOString() });
      for (const socket of clients) socket.send(text);
    },
    async close() {
      for (const socket of clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(page: PageFiles, { url = '' }: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(url, 'http://localhost');
  if (pathname === '/api/v1/session') {
    const session = { scope: 'write', name: 'web-bench', node: 'bench', expires: null };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(session));
    return;
  }
  const found = pathname.startsWith('/ui/') ? page.answer(pathname.slice('/ui/'.length)) : undefined;
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code: 'OPSBRO_API_NOT_FOUND', message: 'not in this bench' } }));
    return;
  }
  const { 'content-encoding': packed, ...headers } = found.headers ?? {};
  const bytes = found.body as Uint8Array;
  response.writeHead(found.status, { ...headers, 'content-type': found.type ?? '' });
  response.end(packed === undefined ? bytes : gunzipSync(bytes));
}
