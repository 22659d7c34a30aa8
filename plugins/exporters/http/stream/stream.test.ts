import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import type { Json } from 'opsbro/sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Gate } from '../gate.ts';
import http from '../index.ts';
import type { Options } from '../options.ts';
import { ask, json, route, start } from '../sample-service.ts';
import { StreamLine } from './stream-line.ts';

/** Takes upgrades as `websocket` does, notes what it was asked, and sends back what it is sent. */
let peer: Server;
let asked: IncomingMessage[] = [];
let taken: Socket[] = [];
/** What the peer proves itself by; the real one has the key that it told of. */
let peerKey = '';
const key = 'key of this start';
const nonce = 'dGhlIHNhbXBsZSBub25jZQ==';
const sockets: Socket[] = [];

beforeEach(async () => {
  asked = [];
  taken = [];
  peerKey = key;
  peer = createServer().listen(0, '127.0.0.1');
  peer.on('upgrade', (request, socket: Socket) => {
    asked.push(request);
    taken.push(socket);
    const text = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(text).digest('base64');
    const proof = createHmac('sha256', peerKey).update(`websocket\n${nonce}\n`).digest('base64url');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nx-opsbro-proof: ${proof}\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await once(peer, 'listening');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const socket of taken) socket.destroy();
  await http.stop();
  peer.close();
});

async function open(options: Partial<Options> = {}) {
  const table = [route('/ui/*path', { scope: 'public' }), route('/api/v1/session')];
  const started = await start(options, table, async () => json({ name: 'node-1' }));
  started.ctx.push('stream', { address: '127.0.0.1', port: (peer.address() as AddressInfo).port, key });
  return started;
}

/** How somebody is handed over: by name, with a proof that only this service can make. */
function handedOver(name: string): string {
  const coded = Buffer.from(name).toString('base64url');
  return `Opsbro-Stream ${coded}.${createHmac('sha256', key).update(`http\n${nonce}\n${coded}`).digest('base64url')}`;
}

/** Asks to speak WebSocket; gives the status and what follows it. */
async function upgrade(port: number, headers: { [name: string]: string } = {}, path = '/api/v1/stream') {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const all = {
    ...{ host: `127.0.0.1:${port}`, upgrade: 'websocket', connection: 'Upgrade' },
    ...{ 'sec-websocket-key': nonce, 'sec-websocket-version': '13', ...headers },
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  await expect.poll(() => text).toContain('\r\n\r\n');
  return { socket, status: Number(text.split(' ')[1]), text: () => text };
}

async function cookieOf(ctx: Awaited<ReturnType<typeof open>>['ctx'], port: number): Promise<string> {
  const { body } = await ctx.request({
    ...{ route: '/api/v1/sessions', method: 'POST', params: {}, query: {}, body: {} as Json },
  });
  const opened = await ask(port, (body as { path: string }).path);
  return String((opened.headers['set-cookie'] as string[])[0]).split(';')[0] ?? '';
}

it('hands who may read over by the name of their session, and nothing else of the request', async () => {
  const { ctx, port } = await open({ anonymous: 'none' });
  const cookie = await cookieOf(ctx, port);
  const own = { origin: `http://127.0.0.1:${port}` };
  expect((await upgrade(port, own)).status).toBe(401);
  const opened = await upgrade(
    port,
    { cookie, ...own, 'sec-websocket-protocol': 'opsbro.v1' },
    '/api/v1/stream?after=7&stream=x',
  );
  expect(opened.status).toBe(101);
  opened.socket.write('hello');
  await expect.poll(opened.text).toMatch(/s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\nhello$/);
  expect([asked[0]?.url, asked[0]?.headers]).toEqual([
    '/api/v1/stream?after=7&stream=x',
    {
      ...{ host: '127.0.0.1', upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' },
      ...{ 'sec-websocket-key': nonce, 'sec-websocket-protocol': 'opsbro.v1' },
      authorization: handedOver(await sessionName(ctx)),
    },
  ]);
  taken[0]?.destroy();
  await once(opened.socket, 'close');
});

async function sessionName(ctx: Awaited<ReturnType<typeof open>>['ctx']): Promise<string> {
  const listed = { route: '/api/v1/sessions', method: 'GET', params: {}, query: {}, body: null };
  const [session] = (await ctx.request(listed)).body as [{ name: string }];
  return session.name;
}

it('tells no secret to a program that took the port, and nothing of that program to the client', async () => {
  const { ctx, port } = await open({ anonymous: 'none' });
  const cookie = await cookieOf(ctx, port);
  peerKey = 'a guess';
  const met = await upgrade(port, { cookie, origin: `http://127.0.0.1:${port}` });
  expect([met.status, asked.length]).toEqual([503, 1]);
  expect(met.text()).not.toContain('sec-websocket-accept');
  const secret = cookie.split('=')[1] ?? '';
  expect(secret).toMatch(/^opsbro_/);
  expect(JSON.stringify(asked[0]?.rawHeaders)).not.toMatch(new RegExp(`${secret}|${key}`));
  ctx.push('stream', null);
  expect((await upgrade(port, { cookie, origin: `http://127.0.0.1:${port}` })).status).toBe(503);
  expect(asked.length).toBe(1);
});

it('takes a token as a header or, of a browser, as a protocol', async () => {
  const { ctx, port } = await open({ anonymous: 'none', base_path: '/ops' });
  const made = await ctx.request({
    ...{ route: '/api/v1/tokens', method: 'POST', params: {}, query: {}, body: { name: 'one' } },
  });
  const { token } = made.body as { token: string };
  expect((await upgrade(port, { authorization: `Bearer ${token}` }, '/ops/api/v1/stream')).status).toBe(101);
  const named = { 'sec-websocket-protocol': `opsbro.v1, bearer.${token}` };
  expect((await upgrade(port, named)).status).toBe(101);
  expect(
    asked.map(({ url, headers }) => [url, headers.authorization, headers['sec-websocket-protocol']]),
  ).toEqual([
    ['/api/v1/stream', handedOver('one'), undefined],
    ['/api/v1/stream', handedOver('one'), 'opsbro.v1'],
  ]);
  expect((await upgrade(port, { authorization: 'Bearer wrong' })).status).toBe(401);
});

it.each<[{ [name: string]: string }, number]>([
  [{}, 101],
  [{ origin: 'http://127.0.0.1:PORT' }, 101],
  [{ origin: 'https://panel.example' }, 101],
  [{ origin: 'http://127.0.0.1:1' }, 403],
  [{ origin: 'http://localhost:PORT' }, 403],
  [{ origin: 'https://evil.example' }, 403],
  [{ origin: 'null' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:PORT' }, 403],
  [{ host: 'rebound.example' }, 421],
  [{ 'x-forwarded-for': '192.0.2.1' }, 401],
  [{ 'sec-websocket-key': 'x' }, 400],
  [{ 'sec-websocket-version': '12' }, 426],
])('answers one of this host that sends %j with %i', async (headers, status) => {
  const { port } = await open({ origins: ['https://panel.example'] });
  const filled = JSON.parse(JSON.stringify(headers).replaceAll('PORT', String(port)));
  expect((await upgrade(port, filled)).status).toBe(status);
  expect(asked.length).toBe(status === 101 ? 1 : 0);
});

it('takes a session from a page of this agent alone', async () => {
  const { ctx, port } = await open();
  const cookie = await cookieOf(ctx, port);
  expect((await upgrade(port, { cookie })).status).toBe(403);
  expect((await upgrade(port, { cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(101);
});

it('counts who comes, and says where nothing is told', async () => {
  const { ctx, port } = await open({ address_rate: 3 });
  ctx.push('stream', { address: '127.0.0.1', port: 1, key });
  const absent = await upgrade(port);
  expect([absent.status, absent.text()]).toEqual([
    503,
    expect.stringContaining('websocket: { enabled: true }'),
  ]);
  const statuses = [];
  for (let at = 0; at < 16; at += 1) statuses.push((await upgrade(port)).status);
  expect(statuses).toContain(429);
});

it('answers what offers another protocol, or another path, as if it offered none', async () => {
  const { port } = await start({ anonymous: 'read' }, [
    route('/one/:name'),
    route('/body', { method: 'POST', scope: 'public' }),
  ]);
  const curl = async (...words: string[]) =>
    (await promisify(execFile)('curl', ['-sS', '-w', ' %{http_code} %{http_version}', ...words])).stdout;
  const base = `http://127.0.0.1:${port}`;
  expect(await curl('--http2', `${base}/one/a`)).toMatch(/"name":"a".* 200 1\.1$/);
  const body = JSON.stringify({ text: 'x'.repeat(100_000) });
  expect(await curl('--http2', '--json', body, '-H', 'Expect:', `${base}/body`)).toMatch(
    /"x{100000}".* 200 1\.1$/,
  );
  expect((await upgrade(port, {}, '/one/b')).text()).toMatch(/^HTTP\/1\.1 200 .*"name":"b"/s);
  expect((await upgrade(port, { upgrade: 'h2c', host: 'rebound.example' }, '/one/b')).status).toBe(421);
  // One after another on one connection.
  const first = await upgrade(port, { upgrade: 'h2c' }, '/one/c');
  await expect.poll(first.text).toContain('"name":"c"');
  first.socket.write(
    `GET /one/d HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n`,
  );
  await once(first.socket, 'close');
  expect(first.text()).toContain('"name":"d"');
});

it('ends an upgrade that comes while it stops', async () => {
  const line = new StreamLine({ gate: {} as Gate, basePath: '', origins: new Set() });
  line.close();
  const socket = new PassThrough();
  line.take({} as IncomingMessage, socket, Buffer.alloc(0));
  expect(socket.destroyed).toBe(true);
});

it('ends its connections with the service', async () => {
  const { port } = await open();
  const { socket } = await upgrade(port);
  const ended = once(socket, 'close');
  await http.stop();
  await ended;
});
