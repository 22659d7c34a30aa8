import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { AgentView, PluginView } from '../../control/shapes.ts';
import { command } from './cli-run.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent | undefined;

afterEach(() => agent?.dispose());

/** Starts an agent that answers over TCP, and gives its URL. */
async function start(options: string, plugins: string[] = []): Promise<{ agent: RealAgent; url: string }> {
  agent = await startRealAgent({ config: await configWithPlugins(plugins) });
  return { agent, url: await open(agent, options, 1) };
}

/** Opens the port, for the `times`th time, and gives its URL. */
function open({ write, until, output }: RealAgent, options: string, times: number): Promise<string> {
  write('http.yml', `http: {port: 0, ${options}}\n`);
  const probe = async () => [...output().matchAll(/listens on (http:\/\/[^"]+)/g)][times - 1]?.[1];
  return until('its port', probe, 150_000);
}

/** Asks with curl: status, type and body. */
async function curl(...args: string[]): Promise<{ status: number; type: string; body: string }> {
  const format = '\n%{http_code} %{content_type}';
  const { stdout } = await promisify(execFile)('curl', ['-sS', '--max-time', '60', '-w', format, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const end = stdout.lastIndexOf('\n');
  const [status = '', type = ''] = stdout.slice(end + 1).split(/ (.*)/);
  return { status: Number(status), type, body: stdout.slice(0, end) };
}

async function json<Body>(url: string, expected = 200): Promise<Body> {
  const { status, body } = await curl(url);
  expect([status, url]).toEqual([expected, url]);
  return JSON.parse(body) as Body;
}

it('serves over TCP what the socket serves: to read, and more with a token', async () => {
  const { agent, url } = await start('names: [agent.example]');
  const view = await json<AgentView>(`${url}/api/v1/agent`);
  expect(view.pid).toBe(agent.child.pid);
  const collector = await agent.until('memory', async () => {
    const found = await json<{ metrics: number; results: object }>(`${url}/api/v1/collectors/memory`);
    return found.metrics > 0 && found;
  });
  expect(collector.results).toHaveProperty('phys_total');
  const id = encodeURIComponent('linux/check/memory');
  expect(await json(`${url}/api/v1/checks/${id}`)).toMatchObject({ id: 'linux/check/memory' });
  expect(await json<PluginView>(`${url}/api/v1/plugins/exporter/http`)).toMatchObject({ state: 'ok' });
  expect(await json(`${url}/api/v1/checks/none`, 404)).toMatchObject({
    error: { code: 'OPSBRO_API_NOT_FOUND' },
  });
  const stop = await curl('-X', 'POST', `${url}/api/v1/agent/stop`);
  expect([stop.status, JSON.parse(stop.body).error.code]).toEqual([401, 'OPSBRO_API_DENIED']);
  const made = await command(['--data', agent.data, 'tokens', 'add', 'runner', '--scope', 'write']);
  const bearer = ['-H', `Authorization: Bearer ${made.stdout.trim()}`, '-X', 'POST'];
  const run = () => curl(...bearer, `${url}/api/v1/collectors/memory/run`);
  expect((await run()).status).toBe(200);
  expect((await curl(...bearer, `${url}/api/v1/agent/stop`)).status).toBe(403);
  expect((await command(['--data', agent.data, 'tokens', 'revoke', 'runner'])).code).toBe(0);
  expect((await run()).status).toBe(401);
  await agent.until('readiness', async () => (await curl(`${url}/readyz`)).status === 200);
  const stranger = await curl('-H', 'Host: rebound.example', `${url}/api/v1/agent`);
  expect([stranger.status, JSON.parse(stranger.body).error.code]).toEqual([421, 'OPSBRO_API_DENIED']);
  expect((await curl('-H', 'Host: Agent.Example:80', `${url}/agent/name`)).status).toBe(200);
  await looksAtThePage(agent, url);
});

/** A session of the web page, from its address to its end: routes and the stream by its cookie. */
async function looksAtThePage(agent: RealAgent, url: string): Promise<void> {
  const stillNone = await command(['--data', agent.data, 'web', 'open']);
  expect([stillNone.code, stillNone.stderr]).toEqual([1, expect.stringContaining('web: { enabled: true }')]);
  agent.write('web.yml', 'websocket: {port: 0}\nweb: {badges: [memory], status_page: {checks: [memory]}}\n');
  await agent.until('the page', async () => (await curl(`${url}/badge/memory.svg`)).status === 200);
  const browser = await curl('-D', '-', '-o', '/dev/null', '-H', 'Accept: text/html', `${url}/`);
  expect([browser.status, browser.body]).toEqual([302, expect.stringMatching(/^location: ui\/\r$/m)]);
  expect(await curl(`${url}/`)).toMatchObject({ status: 200, body: 'OK' });
  expect((await curl(`${url}/badge/cpu.svg`)).status).toBe(404);
  expect(await curl(`${url}/status`)).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
  const printed = await command(['--data', agent.data, 'web', 'open', '--scope', 'write']);
  expect(printed.stdout).toMatch(new RegExp(`^${url}/ui/open\\?ticket=\\S+\n$`));
  const opened = await fetch(printed.stdout.trim(), { redirect: 'manual' });
  expect([opened.status, opened.headers.get('location')]).toEqual([303, './']);
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect((await fetch(printed.stdout.trim(), { redirect: 'manual' })).status).toBe(403);
  const session = await fetch(`${url}/api/v1/session`, { headers: { cookie } });
  const { name } = (await session.json()) as { name: string };
  const run = (headers: object): Promise<Response> =>
    fetch(`${url}/api/v1/collectors/memory/run`, { method: 'POST', headers: { cookie, ...headers } });
  expect((await run({ origin: url })).status).toBe(403);
  expect((await run({ origin: url, 'x-opsbro-csrf': '1' })).status).toBe(200);
  const stream = (headers: object): WebSocket =>
    new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`, { headers: { cookie, ...headers } });
  await expect(once(stream({ origin: 'http://127.0.0.1:1' }), 'open')).rejects.toThrow('403');
  const socket = stream({ origin: url });
  const [frame] = (await once(socket, 'message')) as [Buffer];
  expect(JSON.parse(String(frame))).toMatchObject({ type: 'snapshot', data: { checks: expect.any(Array) } });
  const ended = once(socket, 'close');
  expect((await command(['--data', agent.data, 'web', 'sessions', 'revoke', name])).code).toBe(0);
  expect((await ended)[0]).toBe(1008);
  expect((await run({ origin: url, 'x-opsbro-csrf': '1' })).status).toBe(401);
  expect(agent.output()).not.toContain(cookie.split('=')[1]);
}

it('answers the paths of the first OpsBro in its shapes', async () => {
  const { agent, url } = await start('');
  const { uuid } = await agent.get<AgentView>('/api/v1/agent');
  expect(await json(`${url}/agent/uuid`)).toBe(uuid);
  const runs = async (name: string) =>
    (await json<{ state: string }>(`${url}/collectors/${name}`)).state === 'OK';
  for (const name of ['memory', 'loadaverage']) await agent.until(name, () => runs(name));
  await agent.until('the first round', async () => (await json(`${url}/agent/state`)) === 'ok');
  await agent.until('groups', async () =>
    (await json<string[]>(`${url}/agent/detectors/state`)).includes('linux'),
  );
  expect(await json(`${url}/agent/info`)).toMatchObject({
    agent_state: 'ok',
    uuid,
    pid: agent.child.pid,
    groups: expect.arrayContaining(['linux']),
    threads: { nb_threads: expect.any(Number) },
    collectors: { memory: { name: 'memory', state: 'OK', log: '' } },
    monitoring: { ok: expect.any(Number), pending: expect.any(Number) },
  });
  expect([await json(`${url}/agent/members`), await json(`${url}/agent/members/history`)]).toEqual([{}, []]);
  expect(await json(`${url}/collectors/none`)).toBeNull();
  const record = {
    name: 'loadaverage',
    active: true,
    state: 'OK',
    last_check: expect.any(Number),
    metrics: expect.arrayContaining([['load1', expect.any(Number)]]),
  };
  expect(await json(`${url}/collectors/loadaverage`)).toMatchObject(record);
  expect(await json<unknown[]>(`${url}/collectors`)).toContainEqual(expect.objectContaining(record));
  const check = { name: 'cpu', pack_name: 'linux', state_id: expect.any(Number), output: expect.any(String) };
  for (const path of ['/monitoring/checks', '/agent/checks'])
    expect(await json(`${url}${path}`)).toMatchObject({ 'linux/check/cpu': check });
  for (const path of ['/monitoring/checks/cpu', '/agent/checks/linux/check/cpu'])
    expect(await json(`${url}${path}`)).toMatchObject(check);
  expect(await json(`${url}/monitoring/state`)).toMatchObject({
    checks: { 'linux/check/cpu': check },
    services: {},
  });
  expect(await json(`${url}/agent/detectors/state`)).toContain('linux');
  expect(await json(`${url}/agent/detectors`)).toContainEqual(
    expect.objectContaining({ pack_name: 'linux' }),
  );
  const entries = [{ date: expect.any(Number), entries: expect.any(Array) }];
  expect(await json(`${url}/agent/collectors/history`)).toEqual(expect.arrayContaining(entries));
  for (const path of ['/agent/detectors/history', '/monitoring/history/checks'])
    expect(await json(`${url}${path}`)).toBeInstanceOf(Array);
});

it('serves the routes of plugins: 503 when the owner is dead, 504 when it is late', async () => {
  const { agent, url } = await start('answer_timeout: 60s', ['service-answers']);
  agent.write('answers.yml', 'service-answers: {}\n');
  const at = (path: string): string => `${url}/api/v1/answers/${path}`;
  await agent.until('its routes', async () => (await curl(at('bytes'))).status === 200);
  expect(await json(at('echo/a%2Fb?times=3'))).toMatchObject({
    params: { word: 'a/b' },
    query: { times: '3' },
  });
  const invalid = await curl(at('echo/x?times=10'));
  expect([invalid.status, JSON.parse(invalid.body).error.code]).toEqual([400, 'OPSBRO_API_INVALID']);
  expect((await curl('-d', '{}', at('echo/x'))).status).toBe(401);
  expect(await curl(at('bytes'))).toMatchObject({ status: 200, type: 'image/png' });
  // The bytes were handed on, not copied: whoever answered holds them no more.
  expect(await json(at('left'))).toEqual({ left: 0 });
  expect(await agent.get(`/api/v1/answers/echo/x`)).toMatchObject({ method: 'GET', params: { word: 'x' } });
  expect(await json(at('asks/agent/name'))).toMatchObject({ type: 'application/json' });
  expect(await json(at('asks/api/v1/none'), 404)).toMatchObject({
    text: expect.stringContaining('no route'),
  });
  expect(await json(at('dies'), 503)).toMatchObject({ error: { code: 'OPSBRO_AGENT_BUSY' } });
  await agent.until('its return', async () => (await curl(at('bytes'))).status === 200);
  const hasty = await open(agent, 'answer_timeout: 50ms', 2);
  const late = await json(`${hasty}/api/v1/answers/never`, 504);
  expect(late).toMatchObject({ error: { code: 'OPSBRO_API_DEADLINE' } });
  agent.write('answers.yml', 'service-answers: {enabled: false}\n');
  const gone = async () => (await curl(`${hasty}/api/v1/answers/bytes`)).status === 404;
  await agent.until('their end', gone);
});

it('is off unless the configuration says otherwise, and goes with it', async () => {
  const { agent, url } = await start('');
  const refused = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
        socket.destroy();
        resolve(false);
      });
      socket.on('error', () => resolve(true));
    });
  expect(await refused()).toBe(false);
  agent.write('http.yml', 'http: {enabled: false}\n');
  await agent.until('nobody to listen', refused);
  const service = async () => (await agent.get<{ service: number }>('/api/v1/threads')).service;
  await agent.until('its thread to end', async () => (await service()) === 0);
});
