import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DgramSocket } from 'node-unix-socket';
import { afterEach, expect, it } from 'vitest';
import { seriesPoints } from '../../plugins/listeners/graphite/whisper/sample-points.ts';
import { command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const isWhisperHere =
  process.env.OPSBRO_TEST_REQUIRE === 'all' || spawnSync('whisper-fetch', ['--help']).error === undefined;
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-statsd-store-'));

let agent: RealAgent | undefined;

afterEach(async () => {
  await agent?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

it('keeps in the store what comes to statsd by a Unix socket', async () => {
  const path = join(scratch, 'statsd.sock');
  agent = await startRealAgent({
    files: {
      'agent.yml': 'store: { enabled: true, flush: 1s }\n',
      'statsd.yml': `statsd: { enabled: true, udp: false, management: false, socket: ${path}, interval: 1s }\n`,
    },
  });
  const { data, until, output } = agent;
  await until('the socket', async () => output().includes(`takes packets at ${path}`), 150_000);
  const socket = new DgramSocket();
  for (const packet of ['web.logins:3|c\nweb.room:7.5|g', 'web.logins:4|c|#env:prod'])
    socket.sendTo(Buffer.from(packet), 0, packet.length, path);
  socket.close();
  const names = [
    'stats.gauges.web.logins.count',
    'stats.gauges.web.room',
    'stats.gauges.web.logins.count;env=prod',
  ];
  const values = await until('the points', async () => {
    const { code, json } = await command([
      ...['--data', data, 'metrics', 'show', ...names],
      ...['--from', '-5min', '--json'],
    ]);
    if (code !== 0) return undefined;
    const series = json<{ target: string; datapoints: [number | null, number][] }[]>();
    return series.map(({ target, datapoints }) => [
      target,
      datapoints.flatMap(([value]) => (value === null ? [] : [value])),
    ]);
  });
  expect(values).toEqual(names.map((name, index) => [name, [[3, 7.5, 4][index]]]));
  if (!isWhisperHere) return;
  const file = join(data, 'metrics/whisper/stats/gauges/web/room.wsp');
  await until('its file', async () => {
    const { stdout } = spawnSync('whisper-fetch', [`--from=${Math.floor(Date.now() / 1000) - 300}`, file], {
      encoding: 'utf8',
    });
    return stdout.includes('\t7.500000');
  });
});

it('keeps an interval in progress when the agent stops, and has its gauges again after that', async () => {
  const path = join(scratch, 'second.sock');
  const data = join(scratch, 'data');
  const files = {
    'agent.yml': 'store: { enabled: true }\n',
    'statsd.yml': `statsd: { enabled: true, udp: false, management: false, socket: ${path}, interval: 10m }\n`,
  };
  const send = async (packet: string): Promise<void> => {
    agent = await startRealAgent({ data, files });
    const { until, output, get } = agent;
    await until('the socket', async () => output().includes(`takes packets at ${path}`), 150_000);
    await until('the store', async () => get('/api/v1/metrics/store').catch(() => false));
    const socket = new DgramSocket();
    socket.sendTo(Buffer.from(packet), 0, packet.length, path);
    socket.close();
    await until('the packet', async () => (await get<{ metrics: number }>('/api/v1/statsd')).metrics > 0);
    expect(await agent.stop()).toBe(0);
  };
  const values = (name: string): number[] => {
    const now = Math.floor(Date.now() / 1000);
    const points = seriesPoints(join(data, `metrics/whisper/stats/gauges/web/${name}.wsp`), now - 600, 601);
    return points?.filter((value) => !Number.isNaN(value)) ?? [];
  };
  await send('web.logins:3|c\nweb.room:7.5|g');
  expect([values('logins/count'), values('room')]).toEqual([[3], [7.5]]);
  await send('web.room:+1|g');
  // Of two points within one step the later one counts.
  expect(values('room').at(-1)).toBe(8.5);
});
