import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import { type ServiceTestContext, serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import graphite from './index.ts';
import type { Options } from './options.ts';
import { readRequest } from './remote-write/sample-receiver.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'opsbro-graphite-'));
});
afterEach(async () => {
  await graphite.stop();
  rmSync(data, { recursive: true, force: true });
});

/** The manifest's defaults, ports that are free, and what a test changes. */
function optionsWith(given: Partial<Options>, store: Partial<Options['store']> = {}): Options {
  const manifest = parse(readFileSync(new URL('plugin.yml', import.meta.url), 'utf8')) as JsonObject;
  const defaults = (schema: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(schema.properties as { [name: string]: JsonObject }).map(([name, property]) => [
        name,
        property.default ?? defaults(property),
      ]),
    );
  const options = defaults(manifest.options as JsonObject) as unknown as Options;
  return {
    ...options,
    enabled: true,
    port: 0,
    pickle_port: 0,
    ...given,
    store: { ...options.store, ...store },
  };
}

/** `remote_write` with what a test changes. */
function remote(given: Partial<Options['remote_write']>): Partial<Options> {
  return { remote_write: { ...optionsWith({}).remote_write, ...given } };
}

async function started(
  given: Partial<Options> = {},
  routes: { [route: string]: unknown } = {},
  store: Partial<Options['store']> = {},
): Promise<ServiceTestContext<Options>> {
  const facts = { node: { name: 'web 1.example', uuid: 'u', zone: 'z' } };
  const ctx = serviceContext<Options>({
    options: optionsWith(given, { flush: '100ms', ...store }),
    snapshots: { facts },
    async ask({ route }) {
      const body = Buffer.from(JSON.stringify({ '/api/v1/agent': { data }, ...routes }[route] ?? []));
      return { status: 200, type: 'application/json', body };
    },
  });
  await graphite.start(ctx as never);
  return ctx;
}

function portOf(ctx: ServiceTestContext<Options>, what: string): number {
  const text = ctx.logs.map(({ message }) => message).join('\n');
  return Number(new RegExp(`${what} \\S+:(\\d+)`).exec(text)?.[1]);
}

async function figures(ctx: ServiceTestContext<Options>): Promise<JsonObject> {
  const request = { route: '/api/v1/metrics/store', method: 'GET', params: {}, query: {}, body: null };
  return (await ctx.request(request)).body as JsonObject;
}

/** Sends, ends its side and waits for ours. */
async function sendTcp(port: number, bytes: Buffer | string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  socket.resume();
  await once(socket, 'close');
}

const now = (): number => Math.floor(Date.now() / 1000);
const isWhisperHere =
  process.env.OPSBRO_TEST_REQUIRE === 'all' || spawnSync('whisper-fetch', ['--help']).error === undefined;

describe('graphite', () => {
  it('answers queries with what was sent a moment ago', async () => {
    const ctx = await started();
    const at = now() - 30;
    await sendTcp(portOf(ctx, 'takes lines on tcp'), `a.b 1.5 ${at}\ncpu;host=x 2 ${at}\n`);
    const ask = async (route: string, fields: [string, string][]): Promise<unknown> => {
      const query = Object.fromEntries(fields);
      const { body } = await ctx.request({ route, method: 'POST', params: {}, query, body: null, fields });
      return body instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(body)) : body;
    };
    const targets: [string, string][] = [
      ['target', 'scale(a.*,2)'],
      ['target', "seriesByTag('host=x')"],
    ];
    const more: [string, string][] = [
      ['from', '-5min'],
      ['format', 'json'],
      ['noNullPoints', 'true'],
    ];
    const time = at - (at % 10);
    expect(await ask('/render', [...targets, ...more])).toMatchObject([
      { target: 'scale(a.b,2)', datapoints: [[3, time]] },
      { target: 'cpu;host=x', tags: { name: 'cpu', host: 'x' }, datapoints: [[2, time]] },
    ]);
    expect(await ask('/metrics/find', [['query', '*']])).toMatchObject([{ text: 'a', expandable: 1 }]);
    expect(await ask('/tags/autoComplete/values', [['tag', 'host']])).toEqual(['x']);
    expect(await ask('/metrics/index.json', [])).toEqual(['a.b']);
  });

  it('ends a connection when all it brought is on the disk', async () => {
    const ctx = await started();
    const at = now();
    await sendTcp(portOf(ctx, 'takes lines on tcp'), `a.b 1 ${at}\nbroken\na.c 2 ${at}\na.d 3 ${at}`);
    expect(await figures(ctx)).toMatchObject({
      names: 2,
      counts: { points: 2 },
      received: { lines: { points: 2, fields: 1 } },
      connections: { broken: 0, refused: 0 },
    });
    expect(execFileSync('ls', [join(data, 'metrics/log')], { encoding: 'utf8' })).toContain('.log');
    const [first] = ctx.logs;
    expect(first?.message).toMatch(
      /^the store may take 2\.0 GiB of the disk: up to \d+ KiB for each of 100000 names/,
    );
  });

  it('says at its start that the disk has no room for what the store may take', async () => {
    const warned = (ctx: ServiceTestContext<Options>): string[] =>
      ctx.logs.flatMap(({ level, message }) => (level === 'warn' ? [message] : []));
    expect(warned(await started({}, {}, { max_disk: '1MiB' }))).toEqual([]);
    await graphite.stop();
    const large = { max_disk: '1000000GiB', retentions: [{ pattern: '', retentions: '1s:10y' }] };
    expect(warned(await started({}, {}, large))).toEqual([
      expect.stringMatching(
        /^the disk has room for \S+ [KMG]iB of metrics, and the store may take \d+\.\d GiB: with a smaller 'max_disk'/,
      ),
    ]);
  });

  it.skipIf(!isWhisperHere)('keeps points where whisper-fetch finds them', async () => {
    const ctx = await started();
    const at = now();
    await sendTcp(portOf(ctx, 'takes lines on tcp'), `web.load 1.5 ${at}\n`);
    await expect.poll(async () => (await figures(ctx)).counts).toMatchObject({ written: 1 });
    const file = join(data, 'metrics/whisper/web/load.wsp');
    expect(execFileSync('whisper-fetch', [`--from=${at - 30}`, file], { encoding: 'utf8' })).toContain(
      '\t1.500000',
    );
  });

  it('takes datagrams, whose last line needs no end', async () => {
    const ctx = await started();
    const socket = createSocket('udp4');
    const send = (): Promise<void> =>
      new Promise((resolve) =>
        socket.send(`u.a 1 ${now()}\nu.b 2 ${now()}`, portOf(ctx, 'takes lines on udp'), '127.0.0.1', () =>
          resolve(),
        ),
      );
    await send();
    await expect.poll(async () => (await figures(ctx)).received).toMatchObject({ datagrams: { points: 2 } });
    socket.close();
  });

  it.each([
    ['names of one sender', { max_names_per_source: 3 }, 'names of its source'],
    ['names in all', { max_names: 3 }, 'names'],
  ])(
    'takes no more %s than it may, counts the others, and says in an event whose they were',
    async (_, limits, limit) => {
      const ctx = await started({}, {}, limits);
      const lines = Array.from({ length: 5 }, (_, index) => `flood.${index} 1 ${now()}\n`).join('');
      await sendTcp(portOf(ctx, 'takes lines on tcp'), lines);
      expect(await figures(ctx)).toMatchObject({
        names: 3,
        counts: { points: 3, refused: 2 },
        received: { lines: { points: 3, refused: 2 } },
      });
      expect(ctx.emitted).toEqual([
        { topic: 'names-refused', data: expect.objectContaining({ source: '127.0.0.1' }) },
      ]);
      expect(JSON.stringify(ctx.emitted)).toContain(
        `new names of 127.0.0.1 are refused: the limit of 3 ${limit}`,
      );
    },
  );

  it('takes pickles when told to, and closes on what is none', async () => {
    const ctx = await started({ pickle: true, tcp: false, udp: false });
    const port = portOf(ctx, 'takes pickles on tcp');
    const script =
      'import pickle,struct,sys,time; p=pickle.dumps([("p.a",(time.time(),1.5)),("p.b",(time.time(),2))],2); sys.stdout.buffer.write(struct.pack("!L",len(p))+p)';
    await sendTcp(port, execFileSync('/usr/bin/python3', ['-c', script]));
    await sendTcp(port, Buffer.from('\x00\x00\x00\x04cos\n'));
    expect(await figures(ctx)).toMatchObject({
      received: { pickles: { points: 2 } },
      connections: { broken: 1, open: 0 },
    });
  });

  it('closes connections beyond its limit', async () => {
    const ctx = await started({ max_connections: 1 });
    const port = portOf(ctx, 'takes lines on tcp');
    const first = connect(port, '127.0.0.1');
    await once(first, 'connect');
    await expect.poll(async () => (await figures(ctx)).connections).toMatchObject({ open: 1 });
    const second = connect(port, '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => second.once('close', resolve));
    expect(await figures(ctx)).toMatchObject({ connections: { open: 1, refused: 1 } });
    first.destroy();
  });

  it('opens no port when the store alone is enabled, and keeps what the agent measures', async () => {
    const last_run = new Date().toISOString();
    const perfdata = [{ label: '/ used', value: 7 }];
    // Checks of two packs share this name.
    const room = (id: string): string => {
      const digits = createHash('sha1').update(id).digest('hex').slice(0, 6);
      return `web_1_example/checks/room~${digits}/__used.wsp`;
    };
    // The listener hands these on by itself.
    const shown = {
      counters: { hits: { count: 1 } },
      timers: { a: { mean: 1 } },
      gauges: { b: { value: 1 } },
    };
    const ctx = await started(
      { enabled: false },
      {
        '/api/v1/collectors': [
          {
            ...{ name: 'memory', plugin: 'collector/memory', interval: 10, last_run },
            results: { used: 5, swap: { 'in/s': 6 } },
          },
          {
            name: 'statsd',
            plugin: 'collector/statsd',
            interval: 10,
            last_run,
            results: { packets: 1, ...shown },
          },
        ],
        '/api/v1/checks': ['web/check/room', 'db/check/room', 'web/check/disk'].map((id) => ({
          ...{ id, name: id.slice(-4), interval: 10, last_run, perfdata },
        })),
      },
    );
    expect(ctx.logs.map(({ message }) => message).join()).not.toContain('takes');
    await expect.poll(async () => (await figures(ctx)).names, { timeout: 20_000 }).toBe(6);
    await graphite.stop();
    const listed = execFileSync('find', [join(data, 'metrics/whisper'), '-name', '*.wsp', '-printf', '%P\n']);
    expect(listed.toString().trim().split('\n').sort()).toEqual([
      'web_1_example/checks/disk/__used.wsp',
      ...[room('db/check/room'), room('web/check/room')].sort(),
      'web_1_example/memory/swap/in_s.wsp',
      'web_1_example/memory/used.wsp',
      'web_1_example/statsd/packets.wsp',
    ]);
  });

  it('sends all points on, also those that came while nobody took them', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await new Promise((resolve) => holder.close(resolve));
    const forward = {
      to: [`127.0.0.1:${port}`],
      protocol: 'lines',
      copies: 1,
      queue: '1MiB',
      keep: false,
    } as const;
    const ctx = await started({ forward: { ...forward, to: [...forward.to] } });
    const at = now();
    await sendTcp(portOf(ctx, 'takes lines on tcp'), `f.a 1.5 ${at}\nf.b;x=y 2 ${at}\n`);
    await expect.poll(() => ctx.emitted.map(({ topic }) => topic)).toContain('forward-down');
    await graphite.stop();
    let got = '';
    const far = createServer((socket) => socket.on('data', (bytes) => (got += bytes.toString()))).listen(
      port,
      '127.0.0.1',
    );
    await once(far, 'listening');
    const later = await started({ forward: { ...forward, to: [...forward.to] } });
    await expect.poll(() => got).toBe(`f.a 1.5 ${at}\nf.b;x=y 2 ${at}\n`);
    await expect
      .poll(async () => (await figures(later)).forwarding, { timeout: 20_000 })
      .toMatchObject([{ connected: true, queued_bytes: 0, dropped_bytes: 0 }]);
    expect(later.published).toMatchObject([
      {
        topic: 'graphite',
        data: { names: 0, left_out: 0, forwarding: { destinations: 1, dropped_bytes: 0 } },
      },
    ]);
    expect(Object.keys(later.published[0]?.data as JsonObject)).not.toContain('remote_write');
    expect(await figures(later)).toMatchObject({ names: 0 });
    await graphite.stop();
    far.close();
  });

  it('writes all points on to Prometheus, those of other services too', async () => {
    const bodies: Buffer[] = [];
    const types: unknown[] = [];
    const far = createHttpServer((request, response) => {
      const parts: Buffer[] = [];
      types.push([
        request.headers['content-type'],
        request.headers['content-encoding'],
        request.headers.token,
      ]);
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        bodies.push(Buffer.concat(parts));
        response.writeHead(204).end();
      });
    }).listen(0, '127.0.0.1');
    await once(far, 'listening');
    const { port } = far.address() as { port: number };
    const to = [`http://127.0.0.1:${port}/api/v1/write`];
    const ctx = await started(remote({ to, headers: { token: 'x' }, labels: { job: 'j' }, keep: false }));
    const at = now();
    await sendTcp(portOf(ctx, 'takes lines on tcp'), `f.a;x=y 1.5 ${at}\n`);
    ctx.push('metrics', { source: 'statsd', seq: 1, at, count: 1, lines: 'stats.a 2\n' });
    await expect
      .poll(() => bodies.flatMap((body) => readRequest(body)))
      .toEqual([
        { labels: { __name__: 'f_a', job: 'j', x: 'y' }, samples: [[at * 1000, 1.5]] },
        { labels: { __name__: 'stats_a', job: 'j' }, samples: [[at * 1000, 2]] },
      ]);
    expect(types[0]).toEqual(['application/x-protobuf', 'snappy', 'x']);
    await expect
      .poll(() => figures(ctx))
      .toMatchObject({
        names: 0,
        remote_write: [{ endpoint: to[0], up: true, sent_points: 2, refused_points: 0 }],
      });
    await graphite.stop();
    far.close();
  });

  it('keeps the batches of other services, and counts those that were lost', async () => {
    const ctx = await started({ enabled: false });
    const batch = { source: 'statsd', at: now(), count: 2, lines: 'stats.a 1\nstats.b;x=y 2\n' };
    ctx.push('metrics', { ...batch, seq: 1 });
    ctx.push('metrics', { ...batch, seq: 4 });
    expect(await figures(ctx)).toMatchObject({ names: 2, counts: { points: 4 }, batches_lost: 2 });
  });

  it.each<[Partial<Options>, string]>([
    [{ address: '1.2.3' }, "'address' is no address"],
    [{ idle_timeout: '1ms' }, "'idle_timeout' is 1ms"],
    [
      { forward: { to: ['nowhere'], protocol: 'lines', copies: 1, queue: '1MiB', keep: true } },
      "'forward.to' has 'nowhere'",
    ],
    [remote({ to: ['prometheus:9090'] }), "'remote_write.to' has 'prometheus:9090'"],
    [remote({ to: ['http://me:secret@host/'] }), "'remote_write.to' has a password for host"],
    [remote({ timeout: '1ms' }), "'remote_write.timeout' is 1ms"],
  ])('says what is wrong with %j', async (given, message) => {
    await expect(started(given)).rejects.toThrow(message);
  });
});
