import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { type Json, type Manifest, nameOf, ports, type RouteAnswer, type RouteView } from 'opsbro/sdk';
import { complianceSuite } from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import http from './index.ts';
import { ask, closeSockets, codeOf, json, open, route, routes, send, start } from './sample-service.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

afterEach(async () => {
  closeSockets();
  await http.stop();
});

describe('exporter/http', () => {
  it('asks the route of the table, with names, query and body as its owner knows them', async () => {
    const { port } = await start();
    const one = await ask(port, '/one/a%2Fb?x=1&x=2&__proto__=3');
    expect(JSON.parse(one.body)).toEqual({
      route: '/one/:name',
      method: 'GET',
      params: { name: 'a/b' },
      query: JSON.parse('{"x": "2", "__proto__": "3"}'),
      body: null,
    });
    expect(JSON.parse((await ask(port, '/rest/a/b')).body)).toMatchObject({ params: { path: 'a/b' } });
    const headers = { 'content-type': 'application/json' };
    const posted = await ask(port, '/body', { method: 'POST', headers, body: '{"a":1}' });
    expect(JSON.parse(posted.body)).toMatchObject({ route: '/body', body: { a: 1 } });
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const filled = await ask(port, '/form?target=a&x=1', {
      method: 'POST',
      headers: form,
      body: 'target=b+c&target=%C3%A9',
    });
    expect(JSON.parse(filled.body)).toMatchObject({
      body: null,
      fields: [
        ['target', 'a'],
        ['x', '1'],
        ['target', 'b c'],
        ['target', 'é'],
      ],
    });
    const asked = { method: 'POST', headers: form, body: 'target=a' };
    expect(JSON.parse((await ask(port, '/form/', asked)).body)).toMatchObject({
      route: '/form',
      fields: [['target', 'a']],
    });
    expect(await ask(port, '/one/x', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect(await ask(port, '/one/x/')).toMatchObject({ status: 404 });
  });

  it('answers with what the route said, byte by byte, and lets no browser guess or keep it', async () => {
    const { port } = await start({}, routes, async () => ({
      status: 201,
      type: 'text/plain; charset=utf-8',
      body: new TextEncoder().encode('<b>é'),
    }));
    expect(await ask(port, '/one/x')).toMatchObject({
      status: 201,
      body: '<b>é',
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      },
    });
  });

  it('refuses what the schema of a route does not allow', async () => {
    const query = { type: 'object', additionalProperties: false, properties: { n: { type: 'integer' } } };
    const params = { type: 'object', properties: { path: { type: 'string', pattern: '^a' } } };
    const { port } = await start({}, [route('/rest/*path', { schema: { query, params } })]);
    expect(JSON.parse((await ask(port, '/rest/abc?n=7')).body)).toMatchObject({ query: { n: '7' } });
    for (const path of ['/rest/abc?n=x', '/rest/abc?m=1', '/rest/b']) {
      const refused = await ask(port, path);
      expect([refused.status, codeOf(refused)]).toEqual([400, 'OPSBRO_API_INVALID']);
    }
  });

  it('leaves out a route without a scope, or with a schema or a path that is none, and serves the others', async () => {
    const bad = [
      { method: 'GET', path: '/none' } as RouteView,
      route('/all', { scope: 'all' }),
      route('/schema', { schema: { query: { type: 'nonsense' } } }),
      route('/one/:other'),
    ];
    const { ctx, port } = await start({}, [...routes, ...bad]);
    const warnings = ctx.logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warnings).toHaveLength(4);
    expect(warnings[0]).toBe('GET /none is not served: it has no scope');
    for (const path of ['/none', '/all', '/schema']) expect((await ask(port, path)).status).toBe(404);
    expect((await ask(port, '/one/x')).status).toBe(200);
  });

  it.each(['push', 'write', 'admin'])('grants nobody without a token the right to %s', async (scope) => {
    let asked = 0;
    const { port } = await start({}, [route('/do', { method: 'POST', scope })], async () => {
      asked += 1;
      return json(null);
    });
    const refused = await ask(port, '/do', { method: 'POST', body: '{' });
    expect([refused.status, codeOf(refused), asked]).toEqual([401, 'OPSBRO_API_DENIED', 0]);
    expect(refused.body).toContain(`opsbro tokens add NAME --scope ${scope}`);
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  it.each([
    ['OPSBRO_AGENT_BUSY', 503],
    ['OPSBRO_API_DEADLINE', 504],
    ['OPSBRO_API_DENIED', 403],
    ['OPSBRO_API_NOT_FOUND', 404],
    ['OPSBRO_HOST_IO', 500],
  ])('answers %s of the agent with %i', async (code, status) => {
    let given: number | undefined;
    const { port } = await start({ answer_timeout: '3s' }, routes, async (_, options) => {
      given = options?.timeoutMs;
      throw Object.assign(new Error('no'), { code });
    });
    const refused = await ask(port, '/one/x');
    expect([refused.status, codeOf(refused), given]).toEqual([status, code, 3000]);
  });

  it('serves new routes as soon as they are pushed, and ends what it has begun', async () => {
    const asked: ((reply: RouteAnswer) => void)[] = [];
    const { ctx, port } = await start({}, routes, ({ route: path }) => {
      if (path !== '/one/:name') return Promise.resolve(json('new'));
      return new Promise((resolve) => {
        asked.push(resolve);
      });
    });
    const slow = ask(port, '/one/x');
    await expect.poll(() => asked.length).toBe(1);
    ctx.push('routes', [route('/two')] as unknown as Json);
    await expect.poll(async () => (await ask(port, '/two')).status).toBe(200);
    expect((await ask(port, '/one/x')).status).toBe(404);
    asked[0]?.(json('old'));
    expect((await slow).body).toBe('"old"');
  });

  it('says which port is taken, and by what to change it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow(`127.0.0.1:${port} is in use; give 'http' another 'port'`);
    other.close();
  });

  it('listens on the port of the product, of loopback, unless told otherwise', () => {
    const { port, address } = (manifest.options?.properties ?? {}) as {
      [name: string]: { [key: string]: string };
    };
    expect([port?.default, address?.default]).toEqual([ports.http, '127.0.0.1']);
  });
});

describe('who is let in', () => {
  it.each([
    ['localhost', 200],
    ['LOCALHOST.:6770', 200],
    ['127.0.0.1:80', 200],
    ['[::1]:6770', 200],
    ['web1.example:1', 200],
    ['rebound.example', 421],
    ['localhost.rebound.example', 421],
    ['localhost@rebound.example', 421],
    ['127.0.0.1.rebound.example:6770', 421],
  ])('by the name %j: %i', async (host, status) => {
    const { port } = await start({ names: ['Web1.example'] });
    expect((await ask(port, '/one/x', { headers: { host } })).status).toBe(status);
  });

  it.each([
    [{ origin: 'http://localhost:6770' }, 200],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: 'https://site.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
  ])('from a page with %j: %i', async (headers, status) => {
    const { port } = await start();
    const answer = await ask(port, '/one/x', { headers });
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each([undefined, '', ' ', 'a b', 'a/b', 'a:1:2', '[::1', 'a:123456'])('reads no name in %j', (text) => {
    expect(nameOf(text)).toBeUndefined();
  });
});

describe('what is sent wrongly', () => {
  const head = 'POST /body HTTP/1.1\r\nhost: localhost\r\n';
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['no name', 'GET /one/x HTTP/1.1\r\n\r\n', 400],
    ['an empty name', 'GET /one/x HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n', 421],
    ['a URL', 'GET http://localhost/one/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n', 400],
    ['a tunnel', 'OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n', 400],
    ['two lengths', `${head}content-length: 1\r\ncontent-length: 2\r\n\r\nab`, 400],
    ['a length and chunks', `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    [
      'a broken chunk',
      `${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
    ['huge headers', `GET /one/x HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['no UTF-8', 'GET /one/%ff HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n', 400],
  ])('%s is refused', async (_, bytes, status) => {
    const { port } = await start();
    const answer = await send(port, bytes);
    expect(answer.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect((await ask(port, '/one/x')).status).toBe(200);
  });

  it.each([
    ['application/json', '{"a":', 400],
    ['application/json', '', 400],
    ['application/json', '{"__proto__":{"x":1}}', 400],
    ['text/plain', '{}', 415],
    ['application/x-www-form-urlencoded', 'a=1', 415],
    ['application/json', `"${'x'.repeat(1024 * 1024)}"`, 413],
  ])('a body of %s that is wrong is refused', async (type, body, status) => {
    const { port } = await start();
    const headers = { 'content-type': type };
    const refused = await ask(port, '/body', { method: 'POST', headers, body });
    expect([refused.status, codeOf(refused)]).toEqual([status, 'OPSBRO_API_INVALID']);
  });
});

describe('clients that hold on', () => {
  it.each([
    ['sends its headers slowly', { header_timeout: '50ms' }, 'GET /one/x HTTP/1.1\r\nhost: local'],
    [
      'sends its body slowly',
      { request_timeout: '50ms' },
      'POST /body HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    ],
  ])('one that %s is told 408 and let go', async (_, options, bytes) => {
    const { port } = await start(options);
    expect(await send(port, bytes)).toMatch(/^HTTP\/1.1 408 /);
  });

  it('one that says nothing is let go', async () => {
    const { port } = await start({ request_timeout: '20ms', answer_timeout: '30ms', header_timeout: '20ms' });
    expect(await send(port, '')).toMatch(/^(HTTP\/1.1 408 |$)/);
  });

  it('no more than the allowed ones are let in at a time', async () => {
    const { port } = await start({ max_connections: 2 });
    const first = [open(port), open(port)];
    await Promise.all(first.map((socket) => once(socket, 'connect')));
    expect(await send(port, '')).toBe('');
    first[0]?.destroy();
    await expect.poll(async () => (await ask(port, '/one/x').catch(() => null))?.status).toBe(200);
  });

  it('none keeps the service from stopping', async () => {
    let asked = 0;
    const { port } = await start({}, routes, () => {
      asked += 1;
      return new Promise(() => undefined);
    });
    const held = send(port, 'GET /one/x HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await expect.poll(() => asked).toBe(1);
    await http.stop();
    await held;
    await expect(ask(port, '/one/x')).rejects.toThrow('ECONNREFUSED');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('exporter', folder, http, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
