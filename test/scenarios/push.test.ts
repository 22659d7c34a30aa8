import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CheckView, DowntimeView } from '../../control/shapes.ts';
import { connected, encrypt, packetOf } from '../../plugins/listeners/nsca/test-client.ts';
import { type RealAgent, type RealAgentOptions, startRealAgent } from './real-agent.ts';

let scratch: string;
let agent: RealAgent | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-push-'));
  writeFileSync(join(scratch, 'alert.sh'), '#!/bin/sh\ncat >> alerts\n');
  chmodSync(join(scratch, 'alert.sh'), 0o755);
});
afterEach(async () => {
  await agent?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

const id = 'push/check/web1/queue';
/** Those of the pushed service: on a busy host the shipped checks have alerts of their own. */
const alerts = (): string => {
  const all = existsSync(join(scratch, 'alerts')) ? readFileSync(join(scratch, 'alerts'), 'utf8') : '';
  return (all.match(/^web1 .*\nCurrent: .*\n/gm) ?? []).join('');
};

async function start(options: RealAgentOptions = {}): Promise<{ agent: RealAgent; url: string }> {
  const rules = '[{ match: "web1/queue", attempts: 2, handlers: [] }]';
  const files = {
    'push.yml': `overc: { enabled: true, port: 0, services: ${rules} }\n`,
    'nsca.yml': 'nsca: { enabled: true, port: 0, password: secret }\n',
    'pipe.yml': `nagios-pipe: { enabled: true, path: ${join(scratch, 'nagios.cmd')} }\n`,
    'alert.yml': `handler: { type: overc, directory: ${scratch}, command: ./alert.sh }\n`,
  };
  const own = await startRealAgent({ files, data: join(scratch, 'data'), ...options });
  agent = own;
  const push = await own.until('the push server', async () => {
    const found = await own.get<{ port?: number }>('/api/v1/push').catch(() => undefined);
    return found?.port === undefined ? undefined : found;
  });
  return { agent: own, url: `http://127.0.0.1:${push.port}` };
}

async function report(url: string, state: string, period = 60, name = 'web1'): Promise<number> {
  const body = {
    server: { name, key: '1234' },
    period,
    services: [{ name: 'queue', state, info: '3 items' }],
  };
  const { status } = await fetch(`${url}/api/set/service/status`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return status;
}

async function check(
  own: RealAgent,
  what: string,
  is: (view: CheckView) => boolean,
  of = id,
): Promise<CheckView> {
  return own.until(what, async () => {
    const view = await own.get<CheckView>(`/api/v1/checks/${of}`).catch(() => undefined);
    return view !== undefined && is(view) && view;
  });
}

/** The port of the NSCA server, once it listens. */
async function nscaPort(own: RealAgent): Promise<number> {
  const { port } = await own.until('the NSCA server', async () => {
    const found = await own.get<{ port?: number }>('/api/v1/nsca').catch(() => undefined);
    return found?.port ? { port: found.port } : undefined;
  });
  return port;
}

async function sendNsca(port: number, packet: Omit<Parameters<typeof packetOf>[0], 'time'>): Promise<void> {
  const { socket, iv, time } = await connected(port);
  socket.end(encrypt(14, 'secret', iv, [packetOf({ ...packet, time })]));
  await once(socket, 'close');
}

it('makes a check of what is pushed, with states, alerts and downtimes, which outlives a kill', async () => {
  const first = await start();
  expect(await report(first.url, 'OK')).toBe(200);
  await check(first.agent, 'the check', ({ state }) => state === 'ok');
  await report(first.url, 'ERR');
  await check(
    first.agent,
    'a soft state',
    ({ state, hard, output }) => state === 'critical' && !hard && output === '3 items',
  );
  await first.agent.until('the alert', async () => alerts() !== '');
  expect(alerts()).toBe(
    'web1 queue: [service:state/FAIL] State changed: "OK" -> "FAIL"\nCurrent: FAIL: 3 items\n',
  );
  await expect(first.agent.post(`/api/v1/checks/${encodeURIComponent(id)}/run`)).rejects.toThrow(
    'others report it',
  );
  const passive = { host: 'web1', service: 'disk', code: 2, output: 'full | /=99%' };
  await sendNsca(await nscaPort(first.agent), passive);
  const disk = (id: string) => check(first.agent, id, ({ state }) => state === 'critical', id);
  expect(await disk('nsca/check/web1/disk')).toMatchObject({
    ...{ output: 'full', perfdata: [{ label: '/', value: 99, unit: '%' }] },
  });
  await first.agent.until('the FIFO', async () => existsSync(join(scratch, 'nagios.cmd')));
  appendFileSync(join(scratch, 'nagios.cmd'), '[1] PROCESS_SERVICE_CHECK_RESULT;web1;disk;2;full | /=99%\n');
  expect(await disk('nagios-pipe/check/web1/disk')).toMatchObject({ output: 'full', hard: true });
  const names = Array.from({ length: 300 }, (_, index) => `host${index}`);
  const answered: string[] = [];
  const sending = names.map(async (name) => {
    if ((await report(first.url, 'OK', 60, name).catch(() => 0)) === 200) answered.push(name);
  });
  await first.agent.until('some answers', async () => answered.length > 20);
  await first.agent.kill('SIGKILL');
  await Promise.all(sending);

  const second = await start();
  const restored = await check(second.agent, 'the restored check', () => true);
  expect([restored.state, restored.hard]).toEqual(['critical', false]);
  const nsca = await nscaPort(second.agent);
  expect(await second.agent.get('/api/v1/nsca')).toMatchObject({ checks: 1, results: { taken: 0 } });
  await sendNsca(nsca, { host: 'web1', service: 'disk', output: 'free' });
  await check(second.agent, 'the disk', ({ state }) => state === 'ok', 'nsca/check/web1/disk');
  const kept = await second.agent.get<{ name: string; services: number }[]>('/api/v1/push/servers');
  const known = new Set(kept.flatMap(({ name, services }) => (services === 1 ? [name] : [])));
  expect(answered.filter((name) => !known.has(name))).toEqual([]);
  const downtime = {
    match: [id],
    from: new Date().toISOString(),
    duration: '1h',
    by: 'ann',
    comment: 'move',
  };
  await second.agent.post<DowntimeView>('/api/v1/downtimes', downtime);
  await report(second.url, 'WARN');
  await check(second.agent, 'the second bad report', ({ hard, state }) => hard && state === 'warning');
  await second.agent.until('the alert to be held', async () => {
    const { unsent } = await second.agent.get<{ unsent: number }>('/api/v1/push');
    return unsent === 0;
  });
  expect(alerts().split('\n')).toHaveLength(3);
  second.agent.write(
    'push.yml',
    'overc: { enabled: true, port: 0, services: [{ match: "a/b", schedule: never }] }\n',
  );
  await second.agent.post('/api/v1/agent/reload');
  const { diagnostics } = await second.agent.get<{ diagnostics: object[] }>('/api/v1/config/status');
  expect(diagnostics).toContainEqual(
    expect.objectContaining({
      message: expect.stringContaining('\'services.0.schedule\' is the text "never"'),
    }),
  );
  expect(await report(second.url, 'OK')).toBe(200);
  second.agent.write('push.yml', 'overc: { enabled: false }\n');
  await second.agent.post('/api/v1/agent/reload');
  await expect(second.agent.get(`/api/v1/checks/${id}`)).rejects.toThrow('no check');
});
