import type { RouteRequest } from 'opsbro/sdk';
import type { ServiceTestContext } from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import http from './index.ts';
import type { Options } from './options.ts';
import { ask, closeSockets, codeOf, open, route, start } from './sample-service.ts';

afterEach(async () => {
  closeSockets();
  await http.stop();
});

const table = ['read', 'push', 'write', 'admin'].map((scope) =>
  route(`/${scope}`, { method: scope === 'read' ? 'GET' : 'POST', scope }),
);

/** Asks the service for one of its own routes, as the agent does. */
function own(ctx: ServiceTestContext<Options>, method: string, body: RouteRequest['body'], name = '') {
  const path = name === '' ? '/api/v1/tokens' : '/api/v1/tokens/:name';
  return ctx.request({ route: path, method, params: name === '' ? {} : { name }, query: {}, body });
}

async function makeToken(
  ctx: ServiceTestContext<Options>,
  name: string,
  scope: string,
  more = {},
): Promise<string> {
  const { status, body } = await own(ctx, 'POST', { name, scope, ...more });
  expect(status).toBe(201);
  return (body as { token: string }).token;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const statusOf = async (port: number, scope: string, headers: object): Promise<number> =>
  (await ask(port, `/${scope}`, { method: scope === 'read' ? 'GET' : 'POST', headers })).status;

describe('tokens', () => {
  it.each([
    ['read', [200, 403, 403, 403]],
    ['push', [403, 200, 403, 403]],
    ['write', [200, 403, 200, 403]],
    ['admin', [200, 200, 200, 200]],
  ])('of the scope %s open what it includes', async (scope, expected) => {
    const { ctx, port } = await start({}, table);
    const headers = bearer(await makeToken(ctx, 'one', scope));
    const statuses = [];
    for (const each of ['read', 'push', 'write', 'admin']) statuses.push(await statusOf(port, each, headers));
    expect(statuses).toEqual(expected);
  });

  it('end with their revocation, at once, and are told to other services as hashes', async () => {
    const { ctx, port } = await start({}, table);
    const token = await makeToken(ctx, 'one', 'admin');
    expect(ctx.published.at(-1)?.data).toEqual([
      { name: 'one', scope: 'admin', hash: expect.stringMatching(/^[\w-]{43}$/), expires_at: null },
    ]);
    expect(await statusOf(port, 'admin', bearer(token))).toBe(200);
    expect(await own(ctx, 'DELETE', null, 'one')).toMatchObject({ status: 200 });
    expect(await statusOf(port, 'admin', bearer(token))).toBe(401);
    expect(await statusOf(port, 'read', bearer(token))).toBe(401);
    expect(ctx.published.at(-1)?.data).toEqual([]);
    expect(await own(ctx, 'DELETE', null, 'one')).toMatchObject({ status: 404 });
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer x', 'Bearer a b', `Bearer ${'x'.repeat(5000)}`])(
    'none is read in %.20s, which is refused even where nobody need have one',
    async (authorization) => {
      const { port } = await start({}, table);
      const refused = await ask(port, '/read', { headers: { authorization } });
      expect([refused.status, codeOf(refused)]).toEqual([401, 'OPSBRO_API_DENIED']);
    },
  );

  it('are needed to read where the configuration says so', async () => {
    const { ctx, port } = await start({ anonymous: 'none' }, table);
    expect(await statusOf(port, 'read', {})).toBe(401);
    expect(await statusOf(port, 'read', bearer(await makeToken(ctx, 'one', 'read')))).toBe(200);
  });

  it('are needed to read by whoever comes by way of a proxy, told or not', async () => {
    const { ctx, port } = await start({ trusted_proxies: ['127.0.0.2'] }, table);
    const carried = { 'x-forwarded-for': '127.0.0.1' };
    for (const from of ['127.0.0.1', '127.0.0.2'])
      expect((await ask(port, '/read', { from, headers: carried })).status).toBe(401);
    const headers = { ...carried, ...bearer(await makeToken(ctx, 'one', 'read')) };
    expect((await ask(port, '/read', { from: '127.0.0.2', headers })).status).toBe(200);
  });
});

describe('how often somebody may ask', () => {
  it('is bounded by address, and tells when to come again', async () => {
    const { port } = await start({ address_rate: 2, trusted_proxies: ['127.0.0.9'] }, table);
    const statuses = [];
    for (let at = 0; at < 5; at += 1) statuses.push(await statusOf(port, 'read', {}));
    expect(statuses.slice(0, 4)).toEqual([200, 200, 200, 200]);
    const refused = await ask(port, '/read');
    expect([refused.status, codeOf(refused)]).toEqual([429, 'OPSBRO_AGENT_BUSY']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask(port, '/read', { from: '127.0.0.3' })).status).toBe(200);
    const behind = (address: string) =>
      ask(port, '/read', { from: '127.0.0.9', headers: { 'x-forwarded-for': address } });
    for (let at = 0; at < 4; at += 1) await behind('192.0.2.1');
    expect([(await behind('192.0.2.1')).status, (await behind('192.0.2.2')).status]).toEqual([429, 401]);
  });

  it('is bounded by token, wherever it comes from', async () => {
    const { ctx, port } = await start({ token_rate: 1 }, table);
    const headers = bearer(await makeToken(ctx, 'one', 'read'));
    const statuses = [];
    for (const from of ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'])
      statuses.push((await ask(port, '/read', { from, headers })).status);
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(statuses).toContain(429);
  });

  it('ends sooner for wrong tokens', async () => {
    const { port } = await start({ address_rate: 10 }, table);
    const statuses = [];
    for (let at = 0; at < 4; at += 1) statuses.push(await statusOf(port, 'read', bearer(`wrong${at}`)));
    expect(statuses[0]).toBe(401);
    expect(statuses).toContain(429);
  });
});

describe('a client that holds many connections', () => {
  it('does not keep others out, however slowly it sends', async () => {
    const { port } = await start({ max_connections: 20, max_connections_per_address: 4 }, table);
    const slow = Array.from({ length: 30 }, () => open(port, '127.0.0.2'));
    for (const socket of slow) socket.write('GET /read HTTP/1.1\r\nhost: local');
    await expect.poll(() => slow.filter((socket) => socket.closed).length).toBe(26);
    expect((await ask(port, '/read', { from: '127.0.0.3' })).status).toBe(200);
    slow.find((socket) => !socket.closed)?.destroy();
    await expect
      .poll(async () => (await ask(port, '/read', { from: '127.0.0.2' }).catch(() => null))?.status)
      .toBe(200);
  });
});

describe('other sites', () => {
  const origin = 'https://panel.example';
  it('may ask and read when they are named, also with a token', async () => {
    const { ctx, port } = await start({ origins: [origin] }, table);
    const asked = { origin, 'sec-fetch-site': 'cross-site' };
    const preflight = await ask(port, '/write', {
      method: 'OPTIONS',
      headers: {
        ...asked,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': origin } });
    expect(preflight.headers['access-control-allow-headers']).toContain('authorization');
    const headers = { ...asked, ...bearer(await makeToken(ctx, 'one', 'write')) };
    const answer = await ask(port, '/write', { method: 'POST', headers });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': origin, vary: 'origin' },
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect(await ask(port, '/admin', { method: 'POST', headers })).toMatchObject({
      status: 403,
      headers: { 'access-control-allow-origin': origin },
    });
    expect(
      (await ask(port, '/read', { headers: { ...asked, origin: 'https://other.example' } })).status,
    ).toBe(403);
  });
});

describe('a base path', () => {
  it.each([
    ['/opsbro/read', 200],
    ['/read', 200],
    ['/opsbro', 308],
    ['/opsbroread', 404],
    ['/opsbro/opsbro/read', 404],
  ])('is taken off %s: %i', async (path, status) => {
    const { port } = await start({ base_path: '/opsbro' }, table);
    expect((await ask(port, path)).status).toBe(status);
  });
});

describe('probes', () => {
  it('are answered to whoever asks, by whatever name', async () => {
    const { port } = await start({ anonymous: 'none' }, [...table, route('/healthz'), route('/readyz')]);
    for (const path of ['/healthz', '/readyz'])
      expect((await ask(port, path, { headers: { host: '192.0.2.7:6770' } })).status).toBe(200);
    expect((await ask(port, '/healthz/', { headers: { host: '192.0.2.7' } })).status).toBe(421);
  });

  it('tell whether the agent has run everything once', async () => {
    let state = 'initializing';
    const answer = async () => ({
      status: 200,
      type: 'application/json',
      body: new TextEncoder().encode(`"${state}"`),
    });
    const { ctx } = await start({}, table, answer);
    const probe = (path: string) =>
      ctx.request({ route: path, method: 'GET', params: {}, query: {}, body: null });
    expect(await probe('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await probe('/readyz')).toEqual({ status: 503, body: { status: 'starting' } });
    state = 'ok';
    expect(await probe('/readyz')).toEqual({ status: 200, body: { status: 'ready' } });
  });
});

describe('beyond loopback', () => {
  it.each([
    [{ address: '0.0.0.0' }, 'tokens would be sent in clear'],
    [{ tls_certificate: '/x' }, "'tls_certificate' and 'tls_key', both"],
    [{ tls_certificate: '/none/x', tls_key: '/none/y' }, "cannot read 'tls_certificate' /none/x: ENOENT"],
    [{ trusted_proxies: ['10.0.0.0/40'] }, "'10.0.0.0/40' is no address and no network"],
  ])('%j does not start', async (options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });
});
