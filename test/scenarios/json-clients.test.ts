import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, run } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const isHere = spawnSync('python3', ['--version']).status === 0;
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
let agent: RealAgent | undefined;
let url = '';

beforeAll(async () => {
  if (!isHere && !isRequired) return;
  const own = await startRealAgent({ files: { 'push.yml': 'overc: { enabled: true, port: 0 }\n' } });
  agent = own;
  const { port } = await own.until('the push server', () =>
    own.get<{ port: number }>('/api/v1/push').catch(() => undefined),
  );
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => agent?.dispose());

interface Status {
  servers: {
    name: string;
    services: { name: string; period: number; state: { state: string; info: string } }[];
  }[];
}

it.skipIf(!isHere && !isRequired)(
  'serves a client that was written from the README of OverC and the library of Python alone (needs python3)',
  async () => {
    const { code, stdout, stderr } = await run('python3', [
      join(root, 'test', 'fixtures', 'overc-client.py'),
      url,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const pong = { pong: 1 };
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      ['ping', 200, pong],
      ['report', 200, { ok: 1 }],
      ['alerts', 200, { ok: 1 }],
      ['no type', 200, pong],
      ['other key', 403, { error: 'Invalid server key' }],
      ['no server', 400, { error: 'Data: "server" key is missing' }],
      ['states', 200, { ok: 1 }],
      ...['kept 0', 'kept 1', 'kept 2', 'in chunks', 'HTTP/1.0', 'continued 100'].map((name) => [
        name,
        200,
        pong,
      ]),
    ]);
    const { servers } = (await (await fetch(`${url}/ui/api/status/`)).json()) as Status;
    expect(servers.map(({ name }) => name)).toEqual(['localhost']);
    expect(
      servers[0]?.services.map(({ name, period, state }) => [name, period, state.state, state.info]),
    ).toEqual([
      ['a', 60, 'WARN', 'größer ✓ 😀'],
      ['application', 60, 'OK', 'up 32h'],
      ['b', 60, 'FAIL', ''],
      ['c', 120, 'UNK', '?'],
      ['cpu', 60, 'OK', '28% load'],
      ['d', 60, 'UNK', 'odd (sent unsupported state: "broken")'],
      ['queue', 60, 'OK', '3 items'],
    ]);
    const { alerts } = (await (await fetch(`${url}/ui/api/status/alerts/`)).json()) as {
      alerts: { channel: string; service: string | null; message: string }[];
    };
    expect(
      alerts.filter(({ channel }) => channel === 'api').map(({ service, message }) => [service, message]),
    ).toEqual([
      ['queue', 'Cannot check state for service A'],
      [null, 'System down'],
      [null, 'System down'],
    ]);
  },
);
