import { join } from 'node:path';
import type { ServiceContext } from 'opsbro/sdk';

/** Where the push server keeps its files, below the data directory of the agent, and what tells the agent from others. */
export async function ownPlace({
  ask,
}: Pick<ServiceContext, 'ask'>): Promise<{ directory: string; uuid: string }> {
  const { status, body } = await ask({
    ...{ route: '/api/v1/agent', method: 'GET', params: {}, query: {}, body: null },
  });
  const { data, uuid } = JSON.parse(new TextDecoder().decode(body)) as {
    data?: unknown;
    uuid?: unknown;
  };
  if (status !== 200 || typeof data !== 'string')
    throw new Error(`the agent does not tell its data directory (${status})`);
  return { directory: join(data, 'overc'), uuid: String(uuid ?? data) };
}
