import type { Json, NodeCheck, NodeDetails, RouteRequest } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import type { Options } from './options.ts';
import { WebExporter } from './web-exporter.ts';

const check = (name: string, state: NodeCheck['state']): NodeCheck => ({
  ...{ id: `linux/check/${name}`, name, pack: 'linux', state, hard: true, since: 1000 },
  ...{ output: `${name} is ${state}`, perfdata: '' },
});
const details = (uuid: string, version: number, ...checks: NodeCheck[]): { [uuid: string]: NodeDetails } => ({
  [uuid]: { uuid, version, checks },
});
const asked = (route: string, params: { [name: string]: string } = {}): RouteRequest => ({
  ...{ route, method: 'GET', params, query: {}, body: null },
});

it('tells how the checks of other nodes stand, of which version, and since when it knows', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock = { now: () => now, monotonic: () => now };
  const ctx = { ...serviceContext<Options>({ options: { badges: [] } }), clock };
  const page = await WebExporter.open(ctx, '/none');
  const counts = () => page.answer(asked('/api/v1/nodes/checks')).body;
  const checksOf = (uuid: string) => page.answer(asked('/api/v1/nodes/:uuid/checks', { uuid }));
  const tell = (...all: { [uuid: string]: NodeDetails }[]): void =>
    ctx.push('node-details', Object.assign({}, ...all) as Json);
  expect(counts()).toEqual([]);
  const db1 = details('db1', 3, check('load', 'critical'), check('disks', 'ok'), check('cpu', 'ok'));
  tell(db1);
  const none = { pending: 0, ok: 0, warning: 0, critical: 0, unknown: 0 };
  const first = {
    uuid: 'db1',
    version: 3,
    at: '2026-01-01T00:00:00.000Z',
    counts: { ...none, critical: 1, ok: 2 },
  };
  expect(counts()).toEqual([first]);
  now += 60_000;
  tell(db1, details('db2', 1, check('load', 'warning'), check('x', 'unknown'), check('y', 'pending')));
  const second = {
    ...{ uuid: 'db2', version: 1, at: '2026-01-01T00:01:00.000Z' },
    counts: { ...none, warning: 1, unknown: 1, pending: 1 },
  };
  expect(counts()).toEqual([first, second]);
  expect(checksOf('db1')).toEqual({ status: 200, body: db1.db1 });
  tell(details('db1', 4));
  expect(counts()).toEqual([{ uuid: 'db1', version: 4, at: second.at, counts: none }]);
  expect(checksOf('db2')).toMatchObject({ status: 404, body: { error: { code: 'OPSBRO_API_NOT_FOUND' } } });
});
