import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExportedFacts } from 'opsbro/sdk';
import { afterEach, expect, it } from 'vitest';
import type { PluginView } from '../../control/shapes.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent | undefined;
let server: Server | undefined;

afterEach(async () => {
  await agent?.dispose();
  server?.close();
});

interface Heard {
  facts: ExportedFacts;
  times: number;
  depth: number;
}

async function listen(status: () => number): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    heard.push(JSON.parse(Buffer.concat(pieces).toString()) as Heard);
    response.writeHead(status()).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, heard };
}

it('an exporter carries out what is known, once an interval, and its errors are seen', async () => {
  let status = 200;
  const { url, heard } = await listen(() => status);
  agent = await startRealAgent({ config: await configWithPlugins(['carries-out']), env: { WHERE: url } });
  const { get, write } = agent;
  const until: RealAgent['until'] = (what, probe) => (agent as RealAgent).until(what, probe, 60_000);
  write('out.yml', 'carries-out: {url: {env: WHERE}, interval: 1s}\n');
  write('agent.yml', 'groups: [mine]\n');
  write('ok.yml', 'check: {interval: 1s, critical_if: "1 > 2", ok_output: "\'fine\'"}\n');
  const told = await until('facts with a verdict', async () =>
    heard.find(({ facts }) => facts.checks.some(({ name, state }) => name === 'ok' && state === 'ok')),
  );
  expect(told).toMatchObject({
    depth: 3,
    options: ['url', 'depth'],
    facts: { node: { uuid: expect.any(String) } },
  });
  expect(told.facts.groups).toContain('mine');
  expect(Object.keys(told.facts.samples)).toContain('memory');
  expect(told.facts.checks.find(({ name }) => name === 'ok')).toMatchObject({
    id: 'local/check/ok',
    state: 'ok',
    hard: true,
    output: 'fine',
    stale: false,
    since: expect.any(Number),
  });
  await until('state from run to run', async () => heard.some(({ times }) => times >= 3));
  const plugin = () => get<PluginView>('/api/v1/plugins/exporter/carries-out');
  const well = await until('a good run', async () => (await plugin()).state === 'ok' && (await plugin()));
  expect(well.objects).toEqual(['local/exporter/carries-out']);
  status = 503;
  const failing = await until('the error', async () => {
    const view = await plugin();
    return view.log.includes('answered') && view;
  });
  expect(failing.log).toBe('OPSBRO_PLUGIN_FAILED: answered 503');
  status = 200;
  await until('a good end', async () => (await plugin()).state === 'ok');
});
