import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { CheckFact, ClusterNode, Json } from 'opsbro/sdk';
import { type WebSocket, WebSocketServer } from 'ws';
import { PageFiles } from '../../plugins/exporters/web/page-files.ts';

/** What a stage tells of itself. What stands here is told to whoever comes; a change of it is told by `tell`. */
export interface StageFacts {
  checks: CheckFact[];
  nodes?: ClusterNode[];
  groups?: string[];
  /** Answers by path without a query; every other path is not found. */
  answers?: { [path: string]: Json };
}

/** An agent to the eye of the page: its files, a stream, and what it is asked for beside that. */
export interface Stage {
  url: string;
  /** Tells who listens of a check as it is now. */
  tell(check: CheckFact): void;
  close(): Promise<void>;
}

const node = { uuid: 'own', name: 'stage', zone: 'lan', display_name: 'stage' };
const session = { scope: 'write', name: 'web-stage', node: 'stage', expires: null };

/** Starts one over the built page in `folder`. */
export async function startStage(folder: string, facts: StageFacts): Promise<Stage> {
  const page = await PageFiles.read(folder);
  const answers: { [path: string]: Json } = {
    '/api/v1/session': session,
    '/api/v1/held': [],
    ...facts.answers,
  };
  const [clients, server] = [
    new Set<WebSocket>(),
    createServer((asked, reply) => answer(page, answers, asked, reply)),
  ];
  let seq = 0;
  const sockets = new WebSocketServer({ server, path: '/api/v1/stream' });
  sockets.on('connection', (socket, { url = '' }) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    const after = new URL(url, 'http://localhost').searchParams.get('after');
    const { checks, nodes = [], groups = ['linux'] } = facts;
    const data = { node, groups, checks, nodes };
    const at = new Date().toISOString();
    socket.send(
      JSON.stringify(
        after === null
          ? { type: 'snapshot', stream: 'stage', seq, at, data }
          : { type: 'resumed', stream: 'stage', seq: Number(after) },
      ),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tell(data) {
      seq += 1;
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

function answer(
  page: PageFiles,
  answers: { [path: string]: Json },
  { url = '' }: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname } = new URL(url, 'http://localhost');
  if (Object.hasOwn(answers, pathname)) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answers[pathname]));
    return;
  }
  const found = pathname.startsWith('/ui/') ? page.answer(pathname.slice('/ui/'.length)) : undefined;
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code: 'OPSBRO_API_NOT_FOUND', message: 'not on this stage' } }));
    return;
  }
  const { 'content-encoding': packed, ...headers } = found.headers ?? {};
  const bytes = found.body as Uint8Array;
  response.writeHead(found.status, { ...headers, 'content-type': found.type ?? '' });
  response.end(packed === undefined ? bytes : gunzipSync(bytes));
}
