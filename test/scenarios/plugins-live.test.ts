import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ExportedFacts, HandlerEvent, JsonObject, NodesSnapshot } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollectorView, EmittedView, PluginView } from '../../control/shapes.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { command, root } from './cli-run.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

interface Exported {
  facts: ExportedFacts;
  times: number;
  depth: number;
}

const stranger = `/*---
api: 1
kind: check
name: tells
summary: A check that emits what it sees, and fails.
interval: 1s
---*/
import { defineCheck } from 'opsbro/sdk';
export default defineCheck({ check(ctx) {
  ctx.emit('seen', { by: ctx.name, ['__proto__']: 1 });
  for (let index = 0; index < 150; index += 1) ctx.emit('flood', index);
  throw new Error('it failed');
} });
`;

const secret = 'a-token-nobody-may-read';
const digest = createHash('sha256').update(secret).digest('hex');
const withToken = (token: string): string =>
  `collector:\n  use: uses-secret\n  interval: 1s\n  options:\n    token: ${token}\n`;
const recorded = readFileSync(join(root, 'plugins/collectors/gossip/testdata/nodes.json'), 'utf8');

const scratch = mkdtempSync(join(tmpdir(), 'opsbro-plugins-'));
const exported: Exported[] = [];
const told: { text: string; event: HandlerEvent }[] = [];
let exportStatus = 200;
let server: Server;
let config: string;
let agent: RealAgent;

/** What plugins of the agent below send: an exporter to /facts, a webhook to /events. */
async function answer(request: IncomingMessage): Promise<number> {
  const body: unknown = JSON.parse(await text(request));
  if (request.url === '/events') told.push(body as (typeof told)[number]);
  else exported.push(body as Exported);
  return request.url === '/events' ? 200 : exportStatus;
}

beforeAll(async () => {
  writeFileSync(join(scratch, 'token'), `${secret}\n`, { mode: 0o600 });
  server = createServer(async (request, response) => {
    response.writeHead(await answer(request)).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config = await configWithPlugins(['emits', 'carries-out', 'service-clusters', 'uses-secret']);
  const path = join(config, 'tells.ts');
  const lock = join(config, 'plugins.lock');
  writeFileSync(path, stranger);
  mkdirSync(join(config, 'objects'));
  await recordApproval(await proposeApproval(path, lock), lock, { by: 'test', at: '2026-01-01T00:00:00Z' });
  agent = await startRealAgent({
    config,
    env: { WHERE: `${url}/facts`, OPSBRO_TEST_TOKEN: secret },
    files: {
      'agent.yml': 'groups: [mine]\n',
      'objects/emits.yml': 'collector: {use: emits, interval: 1s, fails: true}\n',
      'objects/tells.yml': 'check: {use: tells, interval: 1s}\n',
      'out.yml': 'carries-out: {url: {env: WHERE}, interval: 1s}\n',
      'ok.yml': 'check: {interval: 1s, critical_if: "1 > 2", ok_output: "\'fine\'"}\n',
      'cluster.yml': 'service-clusters: { enabled: true }\n',
      'all.yml': `handler: { type: webhook, url: "${url}/events" }\n`,
      'gossip.yml': 'collector: { use: gossip, interval: 1s }\n',
      'as-text.yml': withToken(secret),
      'from-file.yml': withToken(`{ file: ${join(scratch, 'token')} }`),
      'from-environment.yml': withToken('{ env: OPSBRO_TEST_TOKEN }'),
      'from-nowhere.yml': withToken(`{ file: ${join(scratch, 'absent')} }`),
    },
  });
});

afterAll(async () => {
  await agent?.dispose();
  server?.close();
  for (const path of [config, scratch]) rmSync(path, { recursive: true, force: true });
});

it('shows what trusted and sandboxed plugins emitted, also of runs that failed', async () => {
  const { data, get, until } = agent;
  const emitted = (id: string): Promise<EmittedView> =>
    until(`events of ${id}`, async () => (await get<PluginView>(`/api/v1/plugins/${id}`)).emitted ?? false);

  const trusted = await emitted('collector/emits');
  expect(trusted.last[0]).toMatchObject({ topic: 'counted', data: { index: 0 }, at: expect.any(String) });
  expect(trusted.dropped).toBe(trusted.count * 3);
  const sandboxed = await emitted('check/tells');
  expect(sandboxed.last.length).toBe(100);
  expect(sandboxed.last[0]?.topic).toBe('seen');
  expect(sandboxed.dropped * 100).toBe(sandboxed.count * 51);
  expect(agent.output()).toContain('events of a run were dropped');

  const { stdout } = await command(['plugins', 'show', 'collector/emits', '--data', data]);
  expect(stdout).toMatch(/emitted: +\d+ events, \d+ more dropped\n/);
  expect(stdout).toMatch(/Z {2}counted {2}\{"index":0\}\n/);
});

it('an exporter carries out what is known, once an interval, and its errors are seen', async () => {
  const { get, until } = agent;
  const heard = await until('facts with a verdict', async () =>
    exported.find(
      ({ facts }) =>
        facts.samples.memory !== undefined &&
        facts.checks.some(({ name, state }) => name === 'ok' && state === 'ok'),
    ),
  );
  expect(heard).toMatchObject({
    depth: 3,
    options: ['url', 'depth'],
    facts: { node: { uuid: expect.any(String) } },
  });
  expect(heard.facts.groups).toContain('mine');
  expect(Object.keys(heard.facts.samples)).toContain('memory');
  expect(heard.facts.checks.find(({ name }) => name === 'ok')).toMatchObject({
    id: 'local/check/ok',
    state: 'ok',
    hard: true,
    output: 'fine',
    stale: false,
    since: expect.any(Number),
  });
  await until('state from run to run', async () => exported.some(({ times }) => times >= 3));
  const plugin = () => get<PluginView>('/api/v1/plugins/exporter/carries-out');
  const well = await until('a good run', async () => (await plugin()).state === 'ok' && (await plugin()));
  expect(well.objects).toEqual(['local/exporter/carries-out']);
  exportStatus = 503;
  const failing = await until('the error', async () => {
    const view = await plugin();
    return view.log.includes('answered') && view;
  });
  expect(failing.log).toBe('OPSBRO_PLUGIN_FAILED: answered 503');
  exportStatus = 200;
  await until('a good end', async () => (await plugin()).state === 'ok');
});

it('tells handlers what becomes of nodes of a cluster, and counts them', async () => {
  const { get, until, post } = agent;
  const snapshot = JSON.parse(recorded) as NodesSnapshot;
  const publish = (): Promise<boolean> =>
    post('/api/v1/clusters', snapshot as unknown as JsonObject).then(
      () => true,
      () => false,
    );
  await until('the service', publish);
  for (const node of snapshot.nodes) if (node.name === 'web2') node.state = 'dead';
  snapshot.nodes = snapshot.nodes.filter(({ name }) => name !== 'edge');
  expect(await publish()).toBe(true);
  const heard = (): string => JSON.stringify(told);
  await until('a death', async () => heard().includes('node web2 is dead (zone paris)'));
  await until('what is forgotten', async () => heard().includes('node edge is forgotten (zone lyon)'));
  expect(heard()).not.toContain('is new');
  const counted = await until('the collector', async () => {
    const { results } = await get<CollectorView>('/api/v1/collectors/gossip');
    return (results?.nodes as { total?: number } | undefined)?.total === 3 && results;
  });
  expect(counted).toMatchObject({ nodes: { alive: 2, dead: 1, suspect: 0 }, zones: { paris: { total: 3 } } });
});

describe('secrets', () => {
  it.each(['as-text', 'from-file', 'from-environment'])('reaches the plugin %s', async (name) => {
    const view = await agent.until('a result', async () => {
      const found = await agent.get<CollectorView>(`/api/v1/collectors/${name}`);
      return found.state === 'ok' && found;
    });
    expect(view.results).toEqual({ digest });
  });

  it('fails the run and names the file when it cannot be read', async () => {
    const view = await agent.until('the error', async () => {
      const found = await agent.get<CollectorView>('/api/v1/collectors/from-nowhere');
      return found.state === 'error' && found;
    });
    expect(view.log).toContain(join(scratch, 'absent'));
  });

  it('shows in no answer and in no log', async () => {
    const answers = await Promise.all(
      ['/api/v1/collectors?results=1', '/api/v1/config/objects', '/api/v1/agent', '/api/v1/plugins'].map(
        (path) => agent.get<unknown>(path),
      ),
    );
    expect(JSON.stringify(answers)).not.toContain(secret);
    expect(agent.output()).not.toContain(secret);
  });
});

it('ends well with all of them', async () => {
  expect(await agent.stop()).toBe(0);
});
