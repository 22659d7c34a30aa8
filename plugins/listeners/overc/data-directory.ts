import { join } from 'node:path';
import type { ServiceContext } from 'opsbro/sdk';

/** Where the push server keeps its files: below the data directory of the agent. */
export async function ownDirectory({ ask }: Pick<ServiceContext, 'ask'>): Promise<string> {
  const { status, body } = await ask({
    ...{ route: '/api/v1/agent', method: 'GET', params: {}, query: {}, body: null },
  });
  const { data } = JSON.parse(new TextDecoder().decode(body)) as { data?: unknown };
  if (status !== 200 || typeof data !== 'string')
    throw new Error(`the agent does not tell its data directory (${status})`);
  return join(data, 'overc');
}
