import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import http from './index.ts';
import { ask, route, start } from './sample-service.ts';

const isHere = spawnSync('nginx', ['-v']).status === 0;
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-nginx-'));
let nginx: ChildProcess | undefined;

afterEach(async () => {
  if (nginx !== undefined) {
    const ended = once(nginx, 'exit');
    nginx.kill();
    await ended;
  }
  await http.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** The recipe of the README, between its fences, for other ports. */
function recipe(port: number): string {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const text = /^```nginx\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? '';
  return text.replaceAll('127.0.0.1:6770', `127.0.0.1:${port}`);
}

it.skipIf(!isHere && !isRequired)("the README's recipe for nginx works with Debian's", async () => {
  const token = { authorization: 'Bearer none' };
  const { ctx, port } = await start(
    { base_path: '/opsbro', names: ['monitor.example.org'], trusted_proxies: ['127.0.0.1'] },
    [route('/api/v1/agent'), route('/healthz')],
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
});
