import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ClusterNode, NodesSnapshot } from 'opsbro/sdk';
import type { RealAgent } from '../real-agent.ts';

const collectors = fileURLToPath(new URL('../../../plugins/collectors/', import.meta.url));

/** Files that keep an agent from measuring: a machine bears several of those at once. */
export const measuresNothing: { [path: string]: string } = Object.fromEntries(
  readdirSync(collectors, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => [`core/collectors/${name}.yml`, `collector: {use: ${name}, enabled: false}\n`]),
);

/** A port that is free on every address of this host. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The cluster as an agent sees it; undefined while its membership does not answer. */
export function clusterOf({ get }: RealAgent): Promise<NodesSnapshot | undefined> {
  return get<NodesSnapshot>('/api/v1/gossip/members').catch(() => undefined);
}

/** The nodes that an agent knows of; none while its membership does not answer. */
export async function members(agent: RealAgent): Promise<ClusterNode[]> {
  return (await clusterOf(agent))?.nodes ?? [];
}
