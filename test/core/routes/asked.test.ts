import { describe, expect, it } from 'vitest';
import type { PluginEntry } from '../../../configuration/model.ts';
import { RouteTable } from '../../../control/route-table.ts';
import { OpsbroError } from '../../../core/errors.ts';
import { Registry } from '../../../core/host/registry.ts';
import { routeAsker } from '../../../core/routes/asked.ts';

const entry = (name: string, needs?: string[]): PluginEntry =>
  ({ id: `exporter/${name}`, manifest: { kind: 'exporter', name, needs } }) as unknown as PluginEntry;
const registry = new Registry();
registry.replace([entry('door', ['groups', 'routes']), entry('other', ['groups'])]);

const asker = routeAsker(
  registry,
  new RouteTable([
    { method: 'GET', path: '/things/:name', scope: 'read', handle: ({ params }) => ({ body: params }) },
    {
      method: 'GET',
      path: '/image',
      scope: 'read',
      handle: () => ({ status: 203, type: 'image/png', body: new Uint8Array([1]) }),
    },
    {
      method: 'GET',
      path: '/full',
      scope: 'read',
      handle: () => Promise.reject(new OpsbroError('OPSBRO_AGENT_BUSY', 'full')),
    },
  ]),
);

async function ask(path: string, plugin = 'exporter/door') {
  const request = { method: 'GET', params: { name: 'a' }, query: {}, body: null };
  const { status, type, body } = await asker(plugin, { ...request, route: path });
  return { status, type, body: Buffer.from(body).toString() };
}

describe('what services ask of routes', () => {
  it('is answered by the route of that path, as JSON or bytes', async () => {
    expect(await ask('/things/:name')).toEqual({
      status: 200,
      type: 'application/json',
      body: '{"name":"a"}',
    });
    expect(await ask('/image')).toEqual({ status: 203, type: 'image/png', body: '\u0001' });
  });

  it('is answered with what went wrong', async () => {
    expect(await ask('/things/a')).toMatchObject({
      status: 404,
      body: expect.stringContaining('OPSBRO_API_NOT_FOUND'),
    });
    expect(await ask('/full')).toMatchObject({
      status: 503,
      body: expect.stringContaining('OPSBRO_AGENT_BUSY'),
    });
  });

  it.each(['exporter/other', 'exporter/none'])('is denied to %s, which does not need routes', async (id) => {
    await expect(ask('/image', id)).rejects.toMatchObject({ code: 'OPSBRO_API_DENIED' });
  });
});
