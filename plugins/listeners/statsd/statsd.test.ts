import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DgramSocket } from 'node-unix-socket';
import type { JsonObject, KeyValues, MetricBatch } from 'opsbro/sdk';
import { metricPoints } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, expect, it } from 'vitest';
import { Listener } from './listener.ts';
import type { Options } from './options.ts';

const defaults: Options = {
  ...{ address: '127.0.0.1', port: 0, udp: true, tcp: false, socket: '' },
  ...{ interval: '1h', naming: 'opsbro', percentiles: [], receive_buffer: '1MiB', max_names: 1000 },
  ...{ forget: '24h', management: false, management_port: 0 },
};
const running: Listener[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((listener) => listener.close()));
});

async function open(options: Partial<Options> = {}, kept: { state?: JsonObject; kv?: KeyValues } = {}) {
  const ctx = serviceContext<Options>({ options: { ...defaults, ...options }, state: kept.state ?? {} });
  const listener = new Listener(kept.kv === undefined ? ctx : { ...ctx, kv: kept.kv });
  running.push(listener);
  await listener.open();
  const batches = () =>
    ctx.published
      .filter(({ topic }) => topic === 'metrics')
      .map(({ data }) => data as unknown as MetricBatch);
  const points = () => batches().flatMap((batch) => [...metricPoints(batch)]);
  const shown = () => ctx.published.findLast(({ topic }) => topic === 'statsd')?.data as JsonObject;
  return { ctx, listener, batches, points, shown };
}

async function send(port: number, ...packets: string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const packet of packets)
    await new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve));
  socket.close();
}

it('hands on what datagrams come to, and shows it to the collector', async () => {
  const { listener, points, shown } = await open();
  await send(listener.doors.port.udp!, 'web.hits:3|c', 'web.time:5|ms\nweb.time:7|ms', 'nonsense');
  await expect.poll(() => listener.parser.counts.packets).toBe(3);
  await listener.flush();
  expect(points()).toContainEqual({ name: 'stats.timers.web.time.mean', value: 6, at: expect.any(Number) });
  expect(shown()).toMatchObject({
    packets: 3,
    metrics: 3,
    bad: { no_value: 1, total: 1 },
    kernel_drops: 0,
    receive_buffer: { asked_bytes: 1048576 },
    counters: { web: { hits: { count: 3, rate: 3 / 3600 } } },
    timers: { web: { time: { mean: 6, upper: 7 } } },
  });
});

it('shows what the kernel dropped while it was busy, and what room was granted', async () => {
  const { ctx, listener, shown } = await open({ receive_buffer: '8KiB', management: true });
  const messages = ctx.logs.map(({ message }) => message).join('\n');
  const sent = 3000;
  const flood = `const socket = require('node:dgram').createSocket('udp4');
    let left = ${sent};
    const next = () => (left-- > 0 ? socket.send('web.hits:1|c', ${listener.doors.port.udp}, '127.0.0.1', next) : socket.close());
    next();`;
  // Nothing is read until that program has ended: the kernel alone takes what comes.
  execFileSync(process.execPath, ['-e', flood]);
  const told = async (): Promise<{ packets: number; kernel_drops: number }> => {
    await listener.flush();
    return shown() as { packets: number; kernel_drops: number };
  };
  await expect
    .poll(async () => {
      const { packets, kernel_drops } = await told();
      return packets + kernel_drops;
    })
    .toBe(sent);
  const { packets, kernel_drops: drops } = await told();
  expect(drops).toBeGreaterThan(sent / 2);
  expect(packets).toBeGreaterThan(0);
  const granted = (shown().receive_buffer as JsonObject).granted_bytes;
  expect(shown()).toMatchObject({ receive_buffer: { asked_bytes: 8192, granted_bytes: granted } });
  expect(granted).toBeLessThanOrEqual(2 * 8192);
  const socket = connect(Number(/takes commands on 127\.0\.0\.1:(\d+)/.exec(messages)?.[1]), '127.0.0.1');
  socket.setEncoding('utf8').end('stats');
  let stats = '';
  for await (const part of socket) stats += part;
  expect(stats).toContain(`\nmessages.kernel_drops: ${drops}\n`);
  expect(stats).toContain(`\nreceive_buffer.asked: 8192\nreceive_buffer.granted: ${granted}\n`);
});

it('says what the kernel granted of a receive buffer, and what would give all of it', async () => {
  const { ctx, listener } = await open({ receive_buffer: '1GiB' });
  const { granted } = listener.doors.receiveBuffer!;
  expect(ctx.logs).toContainEqual(
    expect.objectContaining({
      level: 'info',
      fields: { receive_buffer_asked: 2 ** 30, receive_buffer_granted: granted },
    }),
  );
  expect(ctx.logs.flatMap(({ level, message }) => (level === 'warn' ? [message] : []))).toEqual(
    granted >= 2 ** 30
      ? []
      : [expect.stringContaining(`lets ${granted} bytes of datagrams wait for it, not the 1073741824`)],
  );
});

it('tells what it left out, once a minute at most', async () => {
  const { ctx, listener } = await open();
  const told = () => ctx.logs.flatMap(({ message }) => (message.includes('left out') ? [message] : []));
  let now = 0;
  Object.assign(ctx.clock, { monotonic: () => now });
  for (const [at, packet] of [
    [0, 'nonsense\u001b\nweb.hits:x|c'],
    [10_000, 'a:1|q'],
    [70_000, 'b:1|c'],
    [140_000, 'c:1|c'],
  ] as const) {
    now = at;
    listener.parser.packet(Buffer.from(packet));
    await listener.flush();
  }
  expect(told()).toEqual([
    "lines or values left out: 2, the last for bad_value: 'web.hits:x|c'",
    "lines or values left out: 1, the last for bad_type: 'a:1|q'",
  ]);
});

it('takes lines of connections, whole ones and in parts', async () => {
  const { listener } = await open({ udp: false, tcp: true });
  const socket = connect(listener.doors.port.tcp!, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`a:1|c\nb:2|`);
  await expect.poll(() => listener.parser.counts.metrics).toBe(1);
  socket.write(`c\n${'x'.repeat(10_000)}\n`);
  socket.end('c:3|c');
  await expect.poll(() => listener.parser.counts.metrics).toBe(3);
  expect(listener.parser.counts.bad.long_packet).toBe(1);
});

it('takes packets at a Unix socket, and finds a second listener out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-statsd-'));
  const socket = join(folder, 'statsd.sock');
  const { listener, ctx, points } = await open({ udp: false, socket });
  await expect(ctx.takeUnixDatagrams(socket, () => undefined)).rejects.toThrow('is in use');
  // The empty datagram by which that was found out is one too.
  await expect.poll(() => listener.parser.counts.packets).toBe(1);
  const sender = new DgramSocket();
  for (const packet of ['web.hits:3|c\nweb.time:5|ms', 'web.hits:1|c'])
    sender.sendTo(Buffer.from(packet), 0, packet.length, socket);
  await expect.poll(() => listener.parser.counts.metrics).toBe(3);
  sender.close();
  await listener.flush();
  expect(points()).toContainEqual(expect.objectContaining({ name: 'stats.gauges.web.hits.count', value: 4 }));
  await listener.close();
  rmSync(folder, { recursive: true });
});

it('says which option to change where a port is in use', async () => {
  const first = await open();
  const port = first.listener.doors.port.udp!;
  const second = new Listener(serviceContext<Options>({ options: { ...defaults, port } }));
  await expect(second.open()).rejects.toThrow(`port ${port} is in use; give 'statsd' another 'port'`);
  await second.close();
});

it('answers its routes', async () => {
  const { listener } = await open();
  listener.parser.packet(Buffer.from('a.b:3|c\nc:1|g'));
  await listener.flush();
  const ask = (route: string, query = {}) =>
    listener.answer({ route, query, method: 'GET', params: {}, body: null });
  expect(ask('/api/v1/statsd')).toMatchObject({ status: 200, body: { metrics: 2, names: 2 } });
  expect(ask('/api/v1/statsd/metrics', { pattern: 'a.b' }).body).toMatchObject({
    metrics: [
      { name: 'stats.gauges.a.b.count', value: 3 },
      { name: 'stats.gauges.a.b.rate', value: 3 / 3600 },
    ],
  });
});

it('joins intervals that come before the last one has ended', async () => {
  const { ctx, listener, points } = await open();
  const shown = () => ctx.published.filter(({ topic }) => topic === 'statsd').length;
  const before = shown();
  listener.parser.packet(Buffer.from('a:3|c'));
  await Promise.all([listener.flush(), listener.flush(), listener.flush()]);
  expect(shown() - before).toBe(1);
  expect(points()).toContainEqual(expect.objectContaining({ name: 'stats.gauges.a.count', value: 3 }));
  await listener.flush();
  expect(shown() - before).toBe(2);
});

it("tells of itself as the original does under the original's names", async () => {
  const { listener, points } = await open({ naming: 'statsd' });
  listener.parser.packet(Buffer.from('a:3|c\nb:4|ms\nnonsense\n\nc:x|g'));
  await listener.flush();
  const told = (): { [name: string]: number } =>
    Object.fromEntries(points().map(({ name, value }) => [name, value]));
  expect(told()).toMatchObject({
    'stats_counts.statsd.bad_lines_seen': 2,
    'stats_counts.statsd.packets_received': 1,
    'stats_counts.statsd.metrics_received': 4,
    'stats.statsd.metrics_received': 4 / 3600,
    'statsd.numStats': 5,
    'stats.statsd.processing_time': expect.any(Number),
  });
  expect(told()).not.toHaveProperty(['stats.gauges.statsd.timestamp_lag']);
  await listener.flush();
  expect(told()).toMatchObject({
    'stats_counts.statsd.metrics_received': 0,
    'stats.gauges.statsd.timestamp_lag': expect.any(Number),
    'statsd.numStats': 6,
  });
});

it('hands on what is in progress as it stops', async () => {
  const { listener, batches, points } = await open();
  listener.parser.packet(Buffer.from('a:3|c'));
  await listener.close();
  expect(points().map(({ name }) => name)).toEqual(['stats.gauges.a.count', 'stats.gauges.a.rate']);
  expect(batches()[0]).toMatchObject({ source: 'statsd', seq: 1, count: 2 });
});

it.each([
  ['is stopped', true],
  ['is killed after an interval', false],
])('has its gauges again when it %s', async (_, isStopped) => {
  const state: JsonObject = {};
  const first = await open({}, { state });
  const { kv } = first.ctx;
  const names = Array.from({ length: 200 }, (_, index) => `g${index}:${index}|g|#k:v`);
  first.listener.parser.packet(Buffer.from(names.join('\n')));
  await first.listener.flush();
  if (isStopped) {
    first.listener.parser.packet(Buffer.from('g7:+100|g|#k:v\nlast:1|g'));
    await first.listener.close();
  }
  const second = await open({}, { kv, state: isStopped ? state : {} });
  second.listener.parser.packet(Buffer.from('g7:+1|g|#k:v\nlast:+1|g'));
  await second.listener.flush();
  expect(second.points()).toContainEqual(
    expect.objectContaining({ name: 'stats.gauges.g7;k=v', value: isStopped ? 108 : 8 }),
  );
  expect(second.points()).toContainEqual(
    expect.objectContaining({ name: 'stats.gauges.last', value: isStopped ? 2 : 1 }),
  );
});

it('tells events, and keeps the last state of service checks', async () => {
  const { ctx, listener, shown } = await open();
  listener.parser.packet(Buffer.from('_sc|db|2|m:down\n_sc|db|0\n_e{1,1}:a|b'));
  await listener.flush();
  expect(ctx.emitted.map(({ topic }) => topic)).toEqual(['service-check', 'service-check', 'event']);
  expect(shown()).toMatchObject({ service_checks: { db: { status: 0, state: 'ok' } }, events: 1 });
});

it.each<[Partial<Options>, RegExp]>([
  [{ address: '1.2.3' }, /'address' is no address/],
  [{ udp: false }, /one of 'udp', 'tcp' and 'socket'/],
  [{ interval: '500ms' }, /'interval' is 500ms/],
  [{ socket: 'run/statsd.sock' }, /no absolute path/],
])('refuses %j', async (options, message) => {
  expect(() => new Listener(serviceContext<Options>({ options: { ...defaults, ...options } }))).toThrow(
    message,
  );
});
