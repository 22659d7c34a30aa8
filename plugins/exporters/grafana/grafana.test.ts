import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json, JsonObject } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Connector } from './connector.ts';
import { changesTo, ourSources, sourceBody } from './data-sources.ts';
import { type Options, settingsOf } from './options.ts';

const defaults: Options = {
  ...{ uri: 'http://localhost:3000', api_key: 'key', port: 6770, interval: '1h', forget: '1h' },
  ...{ verify_tls: true, ca_file: '' },
};

it('tells what is ours by its name, and what is to be done', () => {
  const found = ourSources([
    { id: 1, uid: 'u1', name: 'web--opsbro--a', url: 'http://10.0.0.1:6770', type: 'graphite' },
    { id: 2, uid: '', name: 'old--opsbro--b', url: 'http://10.0.0.2:6770' },
    { id: 3, uid: 'u3', name: 'gone--opsbro--c', url: 'http://10.0.0.3:6770' },
    { id: 4, uid: 'u4', name: 'Prometheus', url: 'http://localhost:9090' },
    null,
  ])!;
  const node = (uuid: string, name: string, url: string) => ({ uuid, name, url });
  const wanted = [
    node('a', 'web', 'http://10.0.0.1:6770'),
    node('b', 'old', 'http://10.9.9.9:6770'),
    node('d', 'new', 'http://10.0.0.4:6770'),
  ];
  expect(changesTo(wanted, found)).toMatchObject({
    create: [{ uuid: 'd' }],
    update: [{ found: { path: '2', uuid: 'b' }, node: { url: 'http://10.9.9.9:6770' } }],
    unknown: [{ path: 'uid/u3', uuid: 'c' }],
  });
  expect(sourceBody(wanted[2]!)).toMatchObject({
    ...{ name: 'new--opsbro--d', type: 'graphite', url: 'http://10.0.0.4:6770', access: 'proxy' },
  });
  expect(ourSources({ message: 'no' })).toBeUndefined();
});

it.each<[Partial<Options>, string]>([
  [{ uri: 'localhost:3000' }, "'uri' is localhost:3000"],
  [{ interval: '1ms' }, "'interval' is 1ms"],
])('refuses %j', (given, message) => {
  expect(() => settingsOf({ ...defaults, ...given })).toThrow(message);
});

/** What of Grafana's API is used, as its reference has it; it refuses what Grafana would. */
class FakeGrafana {
  readonly asked: string[] = [];
  sources: JsonObject[] = [];
  readonly #server: Server;
  #next = 1;

  constructor() {
    this.#server = createServer(async (request, response) => {
      let text = '';
      for await (const part of request) text += String(part);
      this.asked.push(`${request.method} ${request.url}`);
      const isAllowed = request.headers.authorization === 'Bearer key';
      const [status, body] = isAllowed
        ? this.#answer(request.method!, request.url!, text)
        : [401, { message: 'Invalid API key' }];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.close();
  }

  #answer(method: string, url: string, text: string): [number, Json] {
    if (method === 'GET' && url === '/api/datasources') return [200, this.sources];
    if (method === 'POST' && url === '/api/datasources') {
      const made = JSON.parse(text) as JsonObject;
      if (this.sources.some(({ name }) => name === made.name)) return [409, { message: 'exists' }];
      this.sources.push({ ...made, id: this.#next, uid: `u${this.#next}` });
      this.#next += 1;
      return [200, { message: 'Datasource added' }];
    }
    const [, uid] = /^\/api\/datasources\/uid\/(\w+)$/.exec(url) ?? [];
    const at = this.sources.findIndex((source) => source.uid === uid);
    if (at < 0) return [404, { message: 'Data source not found' }];
    if (method === 'PUT') this.sources[at] = { ...this.sources[at], ...(JSON.parse(text) as JsonObject) };
    else if (method === 'DELETE') this.sources.splice(at, 1);
    else return [405, { message: 'no' }];
    return [200, { message: 'done' }];
  }
}

let grafana: FakeGrafana;
let connector: Connector | undefined;
beforeEach(() => {
  grafana = new FakeGrafana();
});
afterEach(async () => {
  await connector?.stop();
  grafana.close();
});

const node = (name: string, address: string, state = 'alive'): JsonObject => ({
  ...{ uuid: `uuid-${name}`, name, addresses: [address], state },
});
const cluster = (...nodes: JsonObject[]): JsonObject => ({
  ...{ self: 'uuid-one', zone: 'z', zones: [], nodes },
});
const listed = (): Json[] => grafana.sources.map(({ name, url }) => [name!, url!]);

it('makes a data source of each node, changes those that move, and takes those of forgotten ones away', async () => {
  let monotonic = 0;
  const facts = { node: { uuid: 'uuid-one', name: 'one', zone: 'z' } };
  const base = serviceContext<Options>({
    options: { ...defaults, uri: await grafana.open() },
    snapshots: {
      facts,
      nodes: cluster(node('one', '10.0.0.1'), node('two', '10.0.0.2'), node('six', 'fd00::6')),
    },
  });
  const ctx = { ...base, clock: { now: () => 0, monotonic: () => monotonic } };
  grafana.sources = [{ id: 90, uid: 'mine', name: 'mine', url: 'http://x' }];
  connector = new Connector(ctx);
  connector.start();
  await Promise.resolve();
  await connector.look();
  expect(listed()).toEqual([
    ['mine', 'http://x'],
    ['one--opsbro--uuid-one', 'http://127.0.0.1:6770'],
    ['two--opsbro--uuid-two', 'http://10.0.0.2:6770'],
    ['six--opsbro--uuid-six', 'http://[fd00::6]:6770'],
  ]);
  base.push(
    'nodes',
    cluster(node('one', '10.0.0.1'), node('two', '10.0.0.9'), node('six', 'fd00::6', 'leave')),
  );
  await connector.look();
  expect(listed()).toContainEqual(['two--opsbro--uuid-two', 'http://10.0.0.9:6770']);
  expect(listed()).toContainEqual(['six--opsbro--uuid-six', 'http://[fd00::6]:6770']);
  monotonic = 3_600_000;
  await connector.look();
  expect(listed().map((entry) => (entry as string[])[0])).toEqual([
    ...['mine', 'one--opsbro--uuid-one', 'two--opsbro--uuid-two'],
  ]);
  const before = grafana.asked.length;
  await connector.look();
  expect(grafana.asked.slice(before)).toEqual(['GET /api/datasources']);
});

it('knows this node alone without a cluster, takes nothing away, and says once what is wrong', async () => {
  const facts = { node: { uuid: 'uuid-one', name: 'one', zone: 'z' } };
  const uri = await grafana.open();
  grafana.sources = [{ id: 1, uid: 'x', name: 'other--opsbro--z', url: '' }];
  const ctx = serviceContext<Options>({ options: { ...defaults, uri, forget: '0s' }, snapshots: { facts } });
  connector = new Connector(ctx);
  connector.start();
  await Promise.resolve();
  await connector.look();
  expect(listed()).toEqual([
    ['other--opsbro--z', ''],
    ['one--opsbro--uuid-one', 'http://127.0.0.1:6770'],
  ]);
  await connector.stop();
  const wrong = serviceContext<Options>({
    options: { ...defaults, uri, api_key: 'bad' },
    snapshots: { facts },
  });
  connector = new Connector(wrong);
  connector.start();
  await Promise.resolve();
  await connector.look();
  await connector.look();
  expect(wrong.logs.map(({ message }) => message)).toEqual([
    expect.stringMatching(/it answers 401: 'api_key' must be of a service account/),
  ]);
});
