import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { CheckView } from '../../control/shapes.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent | undefined;
let server: Server | undefined;

afterEach(async () => {
  await agent?.dispose();
  server?.close();
});

it('an agent that runs calls its heartbeat, one that is stopped does not, and a check asks the same server', async () => {
  const heard: string[] = [];
  server = createServer((request, response) => {
    heard.push(String(request.url));
    response.end('OK');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  agent = await startRealAgent({
    files: {
      'agent.yml': `heartbeat: {url: {env: BEAT}, interval: 1s}\n`,
      'web.yml': `check: {use: http, url: "${url}/status", interval: 1s, contains: [OK], warning: 5s}\n`,
    },
    env: { BEAT: `${url}/ping/token` },
  });
  const { until, get } = agent;
  const pings = (): number => heard.filter((path) => path === '/ping/token').length;
  await until('two heartbeats', async () => pings() >= 2);
  const check = await until('the verdict', async () => {
    const found = (await get<CheckView[]>('/api/v1/checks')).find(({ id }) => id.endsWith('check/web'));
    return found?.state === 'ok' && found;
  });
  expect(check).toMatchObject({
    output: expect.stringContaining('/status: 200 OK; it took'),
    perfdata: [
      { label: 'time', unit: 's', warn: '5', crit: null, min: 0 },
      { label: 'size', value: 2, unit: 'B' },
    ],
  });
  expect(agent.output()).not.toContain('token');
  expect(await agent.stop()).toBe(0);
  expect(agent.output()).not.toContain('does not get through');
});
