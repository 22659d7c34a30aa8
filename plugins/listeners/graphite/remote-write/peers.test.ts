import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../../../../test/free-port.ts';
import { LabelMaker } from './labels.ts';
import { RemoteWriter } from './remote-writer.ts';

const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
const isThere = (program: string): boolean =>
  isRequired || spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

let place: string;
const children: ChildProcess[] = [];
const writers: RemoteWriter[] = [];
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'opsbro-remote-peers-'));
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.close()));
  await Promise.all(
    children.splice(0).map(async (child) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }),
  );
  rmSync(place, { recursive: true, force: true });
});

function start(program: string, flags: string[]): void {
  children.push(spawn(program, flags, { stdio: 'ignore', cwd: place }));
}

async function startPrometheus(port: number): Promise<void> {
  writeFileSync(join(place, 'prometheus.yml'), 'global: {}\n');
  start('prometheus', [
    `--config.file=${join(place, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(place, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
  ]);
  await isReady(`http://127.0.0.1:${port}/-/ready`);
}

async function startVictoria(port: number): Promise<void> {
  const data = join(place, 'victoria');
  mkdirSync(data, { recursive: true });
  start('victoria-metrics', [`-storageDataPath=${data}`, `-httpListenAddr=127.0.0.1:${port}`]);
  await isReady(`http://127.0.0.1:${port}/health`);
}

async function isReady(url: string): Promise<void> {
  const isOk = () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(isOk, { timeout: 60_000 }).toBe(true);
}

async function openWriter(port: number): Promise<RemoteWriter> {
  const writer = new RemoteWriter({
    folder: join(place, 'queue'),
    endpoints: [new URL(`http://127.0.0.1:${port}/api/v1/write`)],
    request: {},
    labels: new LabelMaker([{ match: '*.cpu.*', name: 'cpu', labels: { instance: '$1', mode: '$2' } }], {}),
    maxBytes: 2 ** 24,
    http: serviceContext().http,
    now: Date.now,
    tell: () => undefined,
    note: () => undefined,
  });
  writers.push(writer);
  await writer.open();
  return writer;
}

function take(writer: RemoteWriter, name: string, time: number, value: number): void {
  const bytes = Buffer.from(name);
  writer.take(bytes, 0, bytes.length, time, value);
}

const begin = Math.floor(Date.now() / 1000) - 600;

/** 300 series of every sort, eight points each. */
function takeAll(writer: RemoteWriter): void {
  for (let second = 0; second < 8; second += 1)
    for (let index = 0; index < 100; index += 1) {
      take(writer, `web${index}.cpu.user`, begin + second, index + second / 8);
      take(writer, `disk.used;host=h${index};mount=/var/lib/é`, begin + second, -index * 1e10);
      take(writer, `x.plain${index}`, begin + second, index);
    }
  writer.settle();
}

it.skipIf(!isThere('prometheus'))(
  'writes to Prometheus what it answers, and leaves out but what that refuses',
  async () => {
    const port = await freePort();
    await startPrometheus(port);
    const writer = await openWriter(port);
    takeAll(writer);
    const figures = () => writer.figures()[0]!;
    await expect.poll(() => figures().sent_points, { timeout: 60_000 }).toBe(2400);
    const query = async (text: string): Promise<{ metric: object; values: [number, string][] }[]> => {
      const words = new URLSearchParams({ query: text, time: `${begin + 10}` });
      const { data } = (await (await fetch(`http://127.0.0.1:${port}/api/v1/query?${words}`)).json()) as {
        data: { result: { metric: object; values: [number, string][] }[] };
      };
      return data.result;
    };
    expect(await query('cpu{instance="web7",mode="user"}[1m]')).toEqual([
      {
        metric: { __name__: 'cpu', instance: 'web7', mode: 'user' },
        values: Array.from({ length: 8 }, (_, second) => [begin + second, `${7 + second / 8}`]),
      },
    ]);
    expect(await query('disk_used{host="h3",mount="/var/lib/é"}[1m]')).toHaveLength(1);
    expect(await query('{__name__=~"x_plain.*"}[1m]')).toHaveLength(100);
    // Older than what it has: that point alone is refused.
    take(writer, 'web7.cpu.user', begin - 5, 1);
    for (let index = 0; index < 50; index += 1) take(writer, `y.late${index}`, begin, index);
    writer.settle();
    await expect.poll(figures, { timeout: 60_000 }).toMatchObject({ sent_points: 2450, refused_points: 1 });
    expect(await query('{__name__=~"y_late.*"}[1m]')).toHaveLength(50);
  },
  120_000,
);

it.skipIf(!isThere('victoria-metrics'))(
  'writes to VictoriaMetrics what came while that was down, over a restart of its own',
  async () => {
    const port = await freePort();
    const before = await openWriter(port);
    takeAll(before);
    await before.close();
    const after = await openWriter(port);
    await expect.poll(() => after.figures()[0]!.retries, { timeout: 60_000 }).toBeGreaterThan(0);
    await startVictoria(port);
    await expect
      .poll(() => after.figures()[0], { timeout: 90_000 })
      .toMatchObject({
        ...{ up: true, queued_bytes: 0, dropped_bytes: 0, sent_points: 2400, refused_points: 0 },
      });
    await fetch(`http://127.0.0.1:${port}/internal/force_flush`);
    const words = new URLSearchParams({ 'match[]': '{__name__!=""}' });
    const text = await (await fetch(`http://127.0.0.1:${port}/api/v1/export?${words}`)).text();
    const series = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { metric: { [label: string]: string }; values: number[] });
    expect(series).toHaveLength(300);
    const found = series.find(({ metric }) => metric.instance === 'web9');
    expect(found).toMatchObject({ metric: { __name__: 'cpu', mode: 'user' } });
    expect(found!.values).toEqual(Array.from({ length: 8 }, (_, second) => 9 + second / 8));
  },
  200_000,
);
