import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { JsonObject } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Resolve } from '../../../sandbox/grants/network.ts';
import { openHost } from './open-host.ts';

const metadata = '169.254.169.254';
let http: Server;
let web = 0;
let tcp: ReturnType<typeof createTcpServer>;
let echo = 0;
const asked: string[] = [];
const sockets = new Set<Socket>();

const portOf = (server: { address(): AddressInfo | string | null }): number =>
  (server.address() as AddressInfo).port;
const to =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

beforeAll(async () => {
  http = createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    const target = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    if (target !== null) response.writeHead(302, { location: target });
    response.end(`you asked ${request.url}`);
  });
  tcp = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.write('hello\n');
    socket.pipe(socket);
  });
  await Promise.all(
    [http, tcp].map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  );
  web = portOf(http);
  echo = portOf(tcp);
});

afterAll(() => {
  http.close();
  tcp.close();
});

describe('http', () => {
  it('asks what is granted, of the address that was judged, by the name that was asked for', async () => {
    const { host, denied } = openHost(
      { http: [`http://shop.test:${web}/v1/**`] },
      { resolve: to('127.0.0.1') },
    );
    const answer = await host.call('http', [{ url: `http://shop.test:${web}/v1/a?b=1` }]);
    expect(answer).toMatchObject({ status: 200, text: 'you asked /v1/a?b=1', truncated: false });
    expect(asked.at(-1)).toBe(`shop.test:${web} /v1/a?b=1`);
    expect(denied).toEqual([]);
  });

  it('denies every other URL without resolving its name', async () => {
    const names: string[] = [];
    const resolve: Resolve = async (name) => {
      names.push(name);
      return [{ address: '127.0.0.1', family: 4 }];
    };
    const { host, codeOf, denied } = openHost({ http: [`http://shop.test:${web}/v1/**`] }, { resolve });
    for (const url of [
      `http://shop.test:${web}/v2`,
      `http://shop.test:${web}/v1/..%2fv2`,
      `http://shop.test:${web + 1}/v1`,
      `https://shop.test:${web}/v1`,
      `http://127.0.0.1:${web}/v1`,
      `http://secret.evil.test/`,
    ])
      expect(await codeOf('http', { url }), url).toBe('OPSBRO_PLUGIN_DENIED');
    await expect(host.call('http', [{ url: 'http://u:p@h.test/x?token=1' }])).rejects.toThrow(
      'http://h.test/x is not covered by permission \'http\'; its manifest would need permissions: { http: ["http://h.test/x"] }',
    );
    expect(names).toEqual([]);
    expect(denied).toHaveLength(7);
  });

  it('resolves once a connection, so that a second answer gains nothing', async () => {
    const answers = [['127.0.0.1'], [metadata]];
    const resolve: Resolve = async (name) => await to(...(answers.shift() ?? []))(name);
    const { host, codeOf } = openHost({ http: [`http://rebind.test:${web}`] }, { resolve });
    await host.call('http', [{ url: `http://rebind.test:${web}/` }]);
    expect(answers).toHaveLength(1);
    expect(await codeOf('http', { url: `http://rebind.test:${web}/` })).toBe('OPSBRO_PLUGIN_DENIED');
  });

  it.each([
    [metadata],
    ['fe80::1'],
    ['fd00:ec2::254'],
    ['100.100.100.200'],
    ['::ffff:169.254.169.254'],
    ['64:ff9b::a9fe:a9fe'],
    ['127.0.0.1', metadata],
  ])('does not go to %s for a name', async (...addresses) => {
    const { codeOf } = openHost({ http: ['*'] }, { resolve: to(...addresses) });
    expect(await codeOf('http', { url: `http://any.test:${web}/`, timeoutMs: 2000 })).toBe(
      'OPSBRO_PLUGIN_DENIED',
    );
  });

  it.each([`http://${metadata}/`, 'http://2852039166/', 'http://[::ffff:a9fe:a9fe]/', 'http://[fe80::1]/'])(
    'does not go to %s by a permission for everything',
    async (url) => {
      const { codeOf } = openHost({ http: ['*', 'https://*'] });
      expect(await codeOf('http', { url, timeoutMs: 2000 })).toBe('OPSBRO_PLUGIN_DENIED');
    },
  );

  it('lets through a metadata address that is named', async () => {
    // By a proxy on this host, so that nothing leaves it.
    const data = { environment: { http_proxy: `http://127.0.0.1:${web}` } };
    const { host, codeOf } = openHost({ http: [`http://${metadata}:1/latest/**`] }, { data });
    const url = `http://${metadata}:1/latest/x`;
    expect(await host.call('http', [{ url }])).toMatchObject({ text: `you asked ${url}` });
    expect(await codeOf('http', { url: `http://${metadata}:1/other` })).toBe('OPSBRO_PLUGIN_DENIED');
  });

  it('judges each redirect', async () => {
    const own = `http://shop.test:${web}`;
    const { host, codeOf, denied } = openHost({ http: [`${own}/**`] }, { resolve: to('127.0.0.1') });
    const good = await host.call('http', [{ url: `${own}/?to=/there`, maxRedirects: 3 }]);
    expect(good).toMatchObject({ text: 'you asked /there', url: `${own}/there` });
    const before = asked.length;
    for (const target of [`http://127.0.0.1:${web}/`, `http://${metadata}/`]) {
      const url = `${own}/?to=${encodeURIComponent(target)}`;
      expect(await codeOf('http', { url, maxRedirects: 3 }), target).toBe('OPSBRO_PLUGIN_DENIED');
      expect(await host.call('http', [{ url }])).toMatchObject({ status: 302 });
    }
    expect(asked.slice(before).every((line) => line.startsWith('shop.test'))).toBe(true);
    expect(denied).toHaveLength(2);
  });

  it('judges a redirect by where it leads, though its path looks like a host', async () => {
    const own = `http://shop.test:${web}`;
    const { codeOf } = openHost({ http: [`${own}/**`] }, { resolve: to('127.0.0.1') });
    const before = asked.length;
    for (const host of ['other.test', '127.0.0.1']) {
      const target = encodeURIComponent(`http://${host}:${web}//shop.test:${web}/there`);
      const url = `${own}/?to=${target}`;
      expect(await codeOf('http', { url, maxRedirects: 3 }), host).toBe('OPSBRO_PLUGIN_DENIED');
    }
    expect(asked.slice(before).every((line) => line.startsWith('shop.test'))).toBe(true);
  });

  it('sends a name to the proxy of the environment', async () => {
    const data = { environment: { http_proxy: `http://127.0.0.1:${web}` } };
    const resolve: Resolve = async () => expect.unreachable('the proxy resolves');
    const { host, codeOf } = openHost({ http: ['http://far.test', '*'] }, { data, resolve });
    expect(await host.call('http', [{ url: 'http://far.test/x' }])).toMatchObject({
      text: 'you asked http://far.test/x',
    });
    expect(await codeOf('http', { url: `http://${metadata}/` })).toBe('OPSBRO_PLUGIN_DENIED');
  });

  it.each<[string, JsonObject]>([
    ['no request', [] as unknown as JsonObject],
    ['an option that is not for plugins', { url: 'http://h/', dispatcher: 1 }],
    ['a header that leads elsewhere', { url: 'http://h/', headers: { Host: 'other' } }],
    ['a header that splits', { url: 'http://h/', headers: { a: 'b\r\nc: d' } }],
    ['a header that is no text', { url: 'http://h/', headers: { a: { toString: 1 } } }],
    ['a method that tunnels', { url: 'http://h/', method: 'CONNECT' }],
    ['a number that is none', { url: 'http://h/', timeoutMs: -1 }],
    ['a body that is none', { url: 'http://h/', body: [1] }],
  ])('refuses %s', async (_, request) => {
    expect(await openHost({ http: ['*'] }).codeOf('http', request)).toBe('OPSBRO_API_INVALID');
  });

  it('reads certificates only from what is granted', async () => {
    const { codeOf } = openHost({ http: ['*'] });
    const url = 'https://h.test/';
    expect(await codeOf('http', { url, caFile: '/etc/shadow' })).toBe('OPSBRO_PLUGIN_DENIED');
    expect(
      await openHost({ tcp: ['*'] }).codeOf('tcp.connect', 'h', 1, { tls: { caFile: '/etc/shadow' } }),
    ).toBe('OPSBRO_PLUGIN_DENIED');
  });
});

describe('tcp', () => {
  it('speaks over numbered connections, eight at most', async () => {
    const { host, codeOf } = openHost({ tcp: [`db.test:${echo}`] }, { resolve: to('127.0.0.1') });
    const first = (await host.call('tcp.connect', ['DB.test', echo])) as { id: number };
    expect(first).toEqual({ id: 1 });
    expect(await host.call('tcp.read', [1, { until: '\n' }])).toBe('hello\n');
    await host.call('tcp.write', [1, 'a\0b']);
    expect(await host.call('tcp.read', [1])).toBe('a\0b');
    for (let count = 2; count <= 8; count += 1) await host.call('tcp.connect', ['db.test', echo]);
    expect(await codeOf('tcp.connect', 'db.test', echo)).toBe('OPSBRO_AGENT_BUSY');
    await host.call('tcp.close', [1]);
    expect(await codeOf('tcp.read', 1)).toBe('OPSBRO_API_INVALID');
    expect(await host.call('tcp.connect', ['db.test', echo])).toEqual({ id: 9 });
    host.close();
    await expect.poll(() => sockets.size).toBe(0);
  });

  it('ends with the run', async () => {
    const { host, abort, codeOf } = openHost({ tcp: [`127.0.0.1:${echo}`] });
    await host.call('tcp.connect', ['127.0.0.1', echo]);
    abort.abort(new Error('over'));
    await expect.poll(() => sockets.size).toBe(0);
    await expect(host.call('tcp.connect', ['127.0.0.1', echo])).rejects.toThrow('over');
    expect(await codeOf('readText', '/x')).toBeUndefined();
  });

  it('denies other ports, other hosts, and names for addresses', async () => {
    const { codeOf } = openHost({ tcp: [`127.0.0.1:${echo}`, '*:1'] }, { resolve: to(metadata) });
    expect(await codeOf('tcp.connect', '127.0.0.1', echo + 1)).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('tcp.connect', 'localhost', echo)).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('tcp.connect', '127.1', echo)).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('tcp.connect', 'name.test', 1)).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('tcp.connect', metadata, 1)).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('tcp.connect', '/run/docker.sock', 1)).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('tcp.connect', { host: 'x' }, 1)).toBe('OPSBRO_API_INVALID');
    expect(await codeOf('tcp.connect', '127.0.0.1', 65_536)).toBe('OPSBRO_API_INVALID');
    expect(await codeOf('tcp.connect', '127.0.0.1', 1, { lookup: 1 })).toBe('OPSBRO_API_INVALID');
  });

  it('lets through a link-local network that is named', async () => {
    const { codeOf } = openHost({ tcp: ['169.254.0.0/16:1', '0.0.0.0/0:2'], read: ['/nowhere/ca'] });
    // A missing file of certificates ends it before anything is sent.
    const options = { tls: { caFile: '/nowhere/ca' } };
    expect(await codeOf('tcp.connect', metadata, 1, options)).toBe('OPSBRO_HOST_NOT_FOUND');
    expect(await codeOf('tcp.connect', metadata, 2, options)).toBe('OPSBRO_PLUGIN_DENIED');
  });
});
