import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../../../test/free-port.ts';
import http from './index.ts';
import { ask, closeSockets, route, send, start } from './sample-service.ts';

const isHere = spawnSync('nginx', ['-v']).status === 0;
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-nginx-'));
let nginx: ChildProcess | undefined;

afterEach(async () => {
  closeSockets();
  if (nginx !== undefined) {
    const ended = once(nginx, 'exit');
    nginx.kill();
    await ended;
  }
  await http.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** The recipe of the README, between its fences, for other ports. */
function recipe(port: number): string {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const text = /^```nginx\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? '';
  return text.replaceAll('127.0.0.1:6770', `127.0.0.1:${port}`);
}

it.skipIf(!isHere && !isRequired)("the README's recipe for nginx works with Debian's", async () => {
  const token = { authorization: 'Bearer none' };
  const write = route('/write', { method: 'POST', scope: 'write' });
  const { ctx, port } = await start(
    { base_path: '/opsbro', names: ['monitor.example.org'], trusted_proxies: ['127.0.0.1'] },
    [route('/api/v1/agent'), route('/healthz'), route('/ui/*path', { scope: 'public' }), write],
  );
  const { body } = await ctx.request({
    ...{ route: '/api/v1/tokens', method: 'POST', params: {}, query: {} },
    body: { name: 'one' },
  });
  const outside = await freePort();
  for (const folder of ['temp', 'logs']) mkdirSync(join(scratch, folder));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${scratch}/temp/${name};`)
    .join('\n');
  writeFileSync(
    join(scratch, 'nginx.conf'),
    `daemon off; master_process off; pid ${scratch}/pid; error_log ${scratch}/logs/error;
events {}
http { access_log off; ${paths}
server { listen 127.0.0.1:${outside};
${recipe(port)}
} }
`,
  );
  nginx = spawn('nginx', ['-p', scratch, '-c', join(scratch, 'nginx.conf')], { stdio: 'ignore' });
  const get = (path: string, headers: object = {}) =>
    ask(outside, path, { headers: { host: 'monitor.example.org', ...headers } });
  await expect.poll(async () => (await get('/opsbro/healthz').catch(() => null))?.status).toBe(200);
  expect((await get('/opsbro/api/v1/agent')).status).toBe(401);
  expect((await get('/opsbro/api/v1/agent', token)).status).toBe(401);
  expect((await get('/opsbro/api/v1/agent', { 'x-forwarded-for': '127.0.0.1' })).status).toBe(401);
  const right = { authorization: `Bearer ${(body as { token: string }).token}` };
  expect((await get('/opsbro/api/v1/agent', right)).status).toBe(200);
  expect((await get('/opsbro/api/v1/agent', { ...right, host: 'other.example.org' })).status).toBe(421);
  expect((await ask(port, '/api/v1/agent')).status).toBe(200);

  // A session, and what its page sends, from the origin that the browser knows.
  const opening = { route: '/api/v1/sessions', method: 'POST', params: {}, query: {} };
  const { body: ticket } = await ctx.request({ ...opening, body: { scope: 'write' } });
  const opened = await get(`/opsbro${(ticket as { path: string }).path}`);
  expect([opened.status, opened.headers.location]).toEqual([303, './']);
  const [set = ''] = opened.headers['set-cookie'] as string[];
  expect(set).toContain('; Path=/opsbro; ');
  const cookie = set.split(';')[0] ?? '';
  const host = `monitor.example.org:${outside}`;
  const page = { cookie, host, origin: `http://${host}`, 'x-opsbro-csrf': '1' };
  const post = async (headers: object) =>
    (await ask(outside, '/opsbro/write', { method: 'POST', headers: { ...page, ...headers } })).status;
  expect([await post({}), await post({ origin: 'http://monitor.example.org:1' })]).toEqual([200, 403]);

  // The stream, by the second location of the recipe.
  const nonce = 'dGhlIHNhbXBsZSBub25jZQ==';
  const peer = createHttpServer().listen(0, '127.0.0.1');
  peer.on('upgrade', (request, socket) => {
    socket.on('error', () => undefined);
    const proof = createHmac('sha256', 'key').update(`websocket\n${nonce}\n`).digest('base64url');
    const said = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nx-opsbro-proof: ${proof}\r\n\r\n`;
    socket.end(`${said}${request.headers.authorization}`);
  });
  await once(peer, 'listening');
  ctx.push('stream', { address: '127.0.0.1', port: (peer.address() as { port: number }).port, key: 'key' });
  const asking = { 'sec-websocket-key': nonce, 'sec-websocket-version': '13' };
  const lines = Object.entries({ ...page, ...asking, upgrade: 'websocket', connection: 'Upgrade' });
  const heads = lines.map(([name, value]) => `${name}: ${value}`).join('\r\n');
  const came = await send(outside, `GET /opsbro/api/v1/stream HTTP/1.1\r\n${heads}\r\n\r\n`);
  peer.close();
  expect(came).toMatch(/^HTTP\/1\.1 101 [\s\S]*Opsbro-Stream [\w-]+\.[\w-]+$/);
});
