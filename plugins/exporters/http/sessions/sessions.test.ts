import type { Json, RouteReply } from 'opsbro/sdk';
import type { ServiceTestContext } from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import http from '../index.ts';
import type { Options } from '../options.ts';
import { type Answered, ask, json, route, start } from '../sample-service.ts';
import { isOwnPage } from './session-cookie.ts';
import { Tickets } from './tickets.ts';

afterEach(async () => {
  await http.stop();
});

const table = [
  route('/ui/*path', { scope: 'public' }),
  ...['GET', 'DELETE'].map((method) => route('/api/v1/session', { method })),
  route('/read'),
  ...['write', 'admin'].map((scope) => route(`/${scope}`, { method: 'POST', scope })),
];
const answerOf = async ({ route: path }: { route: string }) =>
  path === '/api/v1/agent' ? json({ name: 'node-1' }) : json(path);

async function open(options: Partial<Options> = {}) {
  return await start(options, table, answerOf);
}

/** Asks the service for one of its own routes, as the agent does. */
function owned(
  ctx: ServiceTestContext<Options>,
  method: string,
  body: Json = null,
  name = '',
): Promise<RouteReply> {
  const path = name === '' ? '/api/v1/sessions' : '/api/v1/sessions/:name';
  return ctx.request({ route: path, method, params: name === '' ? {} : { name }, query: {}, body });
}

async function ticketOf(
  ctx: ServiceTestContext<Options>,
  more: { [key: string]: Json } = {},
): Promise<string> {
  const { status, body } = await owned(ctx, 'POST', more);
  expect(status).toBe(201);
  return (body as { path: string }).path;
}

const cookieOf = ({ headers }: Answered): string => String((headers['set-cookie'] as string[])?.[0]);
const pairOf = (answer: Answered): string => cookieOf(answer).split(';')[0] ?? '';

async function sessionOf(ctx: ServiceTestContext<Options>, port: number, scope = 'read'): Promise<string> {
  return pairOf(await ask(port, await ticketOf(ctx, { scope })));
}

const page = { 'sec-fetch-site': 'same-origin', 'x-opsbro-csrf': '1' };

describe('an address that opens a session', () => {
  it('works once, sets a cookie that scripts and other sites do not get, and leads to the page', async () => {
    const { ctx, port } = await open();
    const path = await ticketOf(ctx, { scope: 'write' });
    expect(path).toMatch(/^\/ui\/open\?ticket=[\w-]{43}$/);
    const opened = await ask(port, path);
    expect(opened).toMatchObject({
      status: 303,
      headers: { location: './', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
    });
    expect(cookieOf(opened)).toMatch(
      new RegExp(
        `^opsbro_session_${port}=opsbro_[\\w-]{43}; Path=/; Max-Age=43\\d\\d\\d; HttpOnly; SameSite=Strict$`,
      ),
    );
    const again = await ask(port, path);
    expect(again.status).toBe(403);
    expect(again.body).toContain('opsbro web open');
    expect(again.headers['set-cookie']).toBeUndefined();
    const session = await ask(port, '/api/v1/session', { headers: { cookie: pairOf(opened) } });
    expect(JSON.parse(session.body)).toEqual({
      ...{ scope: 'write', name: expect.stringMatching(/^web-\w{8}$/), node: 'node-1' },
      expires: expect.stringMatching(/Z$/),
    });
  });

  it.each<[string, { method?: string; headers?: object }]>([
    ['a browser that looks ahead', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
    ['a link in a page of another site', { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['HEAD', { method: 'HEAD' }],
    ['POST', { method: 'POST' }],
    ['another name of the host', { headers: { host: 'rebound.example' } }],
  ])('is not used up by %s', async (_, asked) => {
    const { ctx, port } = await open();
    const path = await ticketOf(ctx);
    const refused = await ask(port, path, asked);
    expect([403, 421]).toContain(refused.status);
    expect(refused.headers['set-cookie']).toBeUndefined();
    expect((await ask(port, path)).status).toBe(303);
  });

  it('is for minutes, and the oldest of many make room', () => {
    let now = 0;
    const tickets = new Tickets(() => now);
    const opening = { scope: 'read', expiresAt: 1e9 } as const;
    const first = tickets.issue(opening);
    now = 5 * 60_000 - 1;
    const second = tickets.issue(opening);
    now += 1;
    expect([tickets.redeem(first.text), tickets.redeem(second.text)]).toEqual([
      undefined,
      expect.objectContaining(opening),
    ]);
    const many = Array.from({ length: 17 }, () => tickets.issue(opening).text);
    expect([tickets.redeem(many[0]!), tickets.redeem(many[1]!)]).toEqual([undefined, expect.anything()]);
  });

  it('is as dear as a token when it is wrong', async () => {
    const { port } = await open({ address_rate: 10 });
    const statuses = [];
    for (let at = 0; at < 4; at += 1) statuses.push((await ask(port, `/ui/open?ticket=${at}`)).status);
    expect(statuses).toContain(429);
  });

  it.each<[Partial<Options>, string]>([
    [{}, 'http://127.0.0.1:PORT/ui/open'],
    [
      { names: ['m.example'], base_path: '/ops', trusted_proxies: ['127.0.0.1'] },
      'https://m.example/ops/ui/open',
    ],
  ])('is named as people reach an agent of %j', async (options, url) => {
    const { ctx, port } = await open(options);
    const { body } = await owned(ctx, 'POST', {});
    expect((body as { url: string }).url.split('?')[0]).toBe(url.replace('PORT', String(port)));
  });

  it('is made for a page that is served, for a right and a time that can be', async () => {
    const { ctx } = await start({}, [route('/read')]);
    expect(await owned(ctx, 'POST', {})).toMatchObject({ status: 404 });
    await http.stop();
    const served = await open();
    const wrong: Json[] = [
      { scope: 'push' },
      { scope: 'root' },
      { expires_at: '2001-01-01' },
      { expires_at: '2999-01-01' },
    ];
    for (const body of wrong)
      expect(await owned(served.ctx, 'POST', body), JSON.stringify(body)).toMatchObject({ status: 400 });
  });
});

describe('a session', () => {
  it('authorises by its scope, as a cookie alone, and tokens do not open as cookies', async () => {
    const { ctx, port } = await open({ anonymous: 'none' });
    const cookie = await sessionOf(ctx, port, 'write');
    const status = async (path: string, headers: object, method = 'GET') =>
      (await ask(port, path, { method, headers })).status;
    expect(await status('/read', {})).toBe(401);
    expect(await status('/read', { cookie })).toBe(200);
    expect(await status('/read', { cookie: `a=b; ${cookie}; c` })).toBe(200);
    expect(await status('/write', { cookie, ...page }, 'POST')).toBe(200);
    const refused = await ask(port, '/admin', { method: 'POST', headers: { cookie, ...page } });
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('web open --scope admin')]);
    const text = cookie.split('=')[1];
    expect(await status('/read', { authorization: `Bearer ${text}` })).toBe(401);
    const made = await ctx.request({
      ...{ route: '/api/v1/tokens', method: 'POST', params: {}, query: {}, body: { name: 'one' } },
    });
    const token = (made.body as { token: string }).token;
    expect(await status('/read', { cookie: `opsbro_session_${port}=${token}` })).toBe(401);
    expect(await status('/read', { cookie: `opsbro_session_${port + 1}=${text}` })).toBe(401);
    expect(await status('/read', { cookie: `__Secure-opsbro_session_${port}=${text}` })).toBe(401);
  });

  const own = 'http://127.0.0.1:PORT';
  it.each<[object, number]>([
    [{ 'x-opsbro-csrf': '1', 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'x-opsbro-csrf': '1', origin: own }, 200],
    [{ 'x-opsbro-csrf': '1' }, 403],
    [{ 'x-opsbro-csrf': '0', 'sec-fetch-site': 'same-origin' }, 403],
    [{ 'sec-fetch-site': 'same-origin', origin: own }, 403],
    [{ 'x-opsbro-csrf': '1', 'sec-fetch-site': 'same-site', origin: own }, 403],
    [{ 'x-opsbro-csrf': '1', 'sec-fetch-site': 'none' }, 403],
    [{ 'x-opsbro-csrf': '1', 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    // Another port of the same host is the same site, and another origin.
    [{ 'x-opsbro-csrf': '1', origin: 'http://127.0.0.1:1' }, 403],
    [{ 'x-opsbro-csrf': '1', origin: 'https://127.0.0.1:PORT' }, 403],
    [{ 'x-opsbro-csrf': '1', origin: 'null' }, 403],
  ])('changes something by a request with %j: %i', async (headers, expected) => {
    const { ctx, port } = await open();
    const cookie = await sessionOf(ctx, port, 'write');
    const filled = JSON.parse(JSON.stringify(headers).replaceAll('PORT', String(port))) as object;
    const host = { host: `127.0.0.1:${port}` };
    const answer = await ask(port, '/write', { method: 'POST', headers: { cookie, ...host, ...filled } });
    expect(answer.status).toBe(expected);
  });

  it('ends by its revocation, at once, by its page, and by its time', async () => {
    const { ctx, port } = await open({ anonymous: 'none' });
    const read = async (cookie: string) => (await ask(port, '/read', { headers: { cookie } })).status;
    const [one, two] = [await sessionOf(ctx, port), await sessionOf(ctx, port)];
    const listed = (await owned(ctx, 'GET')).body as { name: string; scope: string }[];
    expect(listed).toMatchObject([{ scope: 'read', state: 'valid' }, { scope: 'read' }]);
    expect(JSON.stringify(listed)).not.toContain(one.split('=')[1]);
    for (const { name } of listed) if ((await read(one)) === 200) await owned(ctx, 'DELETE', null, name);
    expect(await read(one)).toBe(401);
    expect(await owned(ctx, 'DELETE', null, 'none')).toMatchObject({ status: 404 });
    const three = (await read(two)) === 200 ? two : await sessionOf(ctx, port);
    const unmarked = await ask(port, '/api/v1/session', { method: 'DELETE', headers: { cookie: three } });
    expect([unmarked.status, await read(three)]).toEqual([403, 200]);
    const ended = await ask(port, '/api/v1/session', {
      method: 'DELETE',
      headers: { cookie: three, ...page },
    });
    expect([ended.status, cookieOf(ended), await read(three)]).toEqual([
      200,
      expect.stringContaining('=; Path=/; Max-Age=0'),
      401,
    ]);
    const brief = await ticketOf(ctx, { expires_at: new Date(Date.now() + 1500).toISOString() });
    const last = pairOf(await ask(port, brief));
    await expect.poll(() => read(last)).toBe(401);
  });

  it('takes the place of the one that its browser had', async () => {
    const { ctx, port } = await open({ anonymous: 'none' });
    const old = await sessionOf(ctx, port, 'admin');
    const opened = await ask(port, await ticketOf(ctx), { headers: { cookie: old } });
    expect(opened.status).toBe(303);
    expect((await ask(port, '/read', { headers: { cookie: old } })).status).toBe(401);
    expect((await owned(ctx, 'GET')).body).toHaveLength(1);
  });

  it('is told to other services as a hash, kept as one, and outlives the service', async () => {
    const { ctx, port } = await open({ anonymous: 'none' });
    const cookie = await sessionOf(ctx, port);
    const text = cookie.split('=')[1] ?? '';
    expect(JSON.stringify(ctx.published.at(-1)?.data)).toMatch(
      /"name":"web-\w+","scope":"read","hash":"[\w-]{43}"/,
    );
    const kept = await Promise.all((await ctx.kv.list('http/sessions/')).map((key) => ctx.kv.get(key)));
    expect([kept.length, JSON.stringify([kept, ctx.logs, ctx.published]).includes(text)]).toEqual([1, false]);
  });

  it('of who has none is that of this host, and 401 where nobody reads without', async () => {
    const { port } = await open();
    const here = await ask(port, '/api/v1/session');
    expect(JSON.parse(here.body)).toEqual({ scope: 'read', name: null, node: 'node-1', expires: null });
    const carried = await ask(port, '/api/v1/session', { headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(carried.status).toBe(401);
  });

  it('by a proxy that speaks TLS is carried by TLS alone, at its path', async () => {
    const { ctx, port } = await open({
      ...{ names: ['m.example'], base_path: '/ops', trusted_proxies: ['127.0.0.1'], anonymous: 'none' },
    });
    const proxied = { host: 'm.example', 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' };
    const opened = await ask(port, `/ops${await ticketOf(ctx)}`, { headers: proxied });
    expect(cookieOf(opened)).toMatch(
      new RegExp(
        `^__Secure-opsbro_session_${port}=\\S+; Path=/ops; Max-Age=\\d+; HttpOnly; SameSite=Strict; Secure$`,
      ),
    );
    const cookie = pairOf(opened);
    expect((await ask(port, '/ops/read', { headers: { ...proxied, cookie } })).status).toBe(200);
    const clear = { ...proxied, 'x-forwarded-proto': 'http' };
    expect((await ask(port, '/ops/read', { headers: { ...clear, cookie } })).status).toBe(401);
    const slash = await ask(port, '/ops', { headers: proxied });
    expect([slash.status, slash.headers.location]).toEqual([308, 'ops/']);
    const direct = await ask(port, await ticketOf(ctx), { headers: { host: 'localhost' } });
    expect(cookieOf(direct)).toContain('; Path=/; ');
  });
});

it('a page of another site is shown what is public, and nothing else', async () => {
  const { port } = await open();
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  expect((await ask(port, '/ui/', { headers: link })).status).toBe(200);
  expect((await ask(port, '/read', { headers: link })).status).toBe(403);
  expect((await ask(port, '/ui/', { headers: { ...link, origin: 'https://evil.example' } })).status).toBe(
    403,
  );
  expect((await ask(port, '/ui/', { headers: { ...link, host: 'rebound.example' } })).status).toBe(421);
  expect((await ask(port, '/write', { method: 'POST', headers: link })).status).toBe(403);
});

it('the origin of a page is compared whole', () => {
  const way = (headers: { [name: string]: string }, isSecure = false) => ({ headers, port: 1, isSecure });
  expect(isOwnPage(way({ host: 'a.example', origin: 'https://a.example' }, true))).toBe(true);
  for (const origin of [
    'https://a.example.evil',
    'https://a.example:1',
    'http://a.example',
    'https://a.example/',
  ])
    expect(isOwnPage(way({ host: 'a.example', origin }, true)), origin).toBe(false);
  expect(isOwnPage(way({ host: 'a.example' }))).toBe(false);
});
