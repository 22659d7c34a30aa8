import { readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { HandlerEvent, JsonObject, NodesSnapshot } from 'opsbro/sdk';
import { afterAll, expect, it } from 'vitest';
import type { CollectorView } from '../../control/shapes.ts';
import { root } from './cli-run.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent | undefined;
let config: string | undefined;
let receiver: Server | undefined;

afterAll(async () => {
  await agent?.dispose();
  receiver?.close();
  if (config !== undefined) rmSync(config, { recursive: true, force: true });
});

const recorded = readFileSync(join(root, 'plugins/collectors/gossip/testdata/nodes.json'), 'utf8');

it('tells handlers what becomes of nodes of a cluster, and counts them', async () => {
  const told: { text: string; event: HandlerEvent }[] = [];
  receiver = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += String(piece);
    told.push(JSON.parse(text) as (typeof told)[number]);
    response.end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => receiver?.once('listening', resolve));
  const { port } = receiver.address() as AddressInfo;
  config = await configWithPlugins(['service-clusters']);
  agent = await startRealAgent({
    config,
    files: {
      'cluster.yml': 'service-clusters: { enabled: true }\n',
      'all.yml': `handler: { type: webhook, url: "http://127.0.0.1:${port}/" }\n`,
      'gossip.yml': 'collector: { use: gossip, interval: 1s }\n',
    },
  });
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
