import { expect, it } from 'vitest';
import { Presence } from '../../../alerting/history/presence.ts';
import { RouteTable } from '../../../control/route-table.ts';
import type { HistoryView } from '../../../control/shapes.ts';
import { History } from '../../../core/board/history.ts';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import { historyRoutes } from '../../../core/routes/objects.ts';
import { reportRoutes } from '../../../core/routes/report.ts';
import { checkObject, hostBench, plan } from '../host/host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };
const cache = { invalidate: () => undefined };

async function living() {
  const bench = hostBench();
  const history = new History({ putLazy: () => undefined, entries: async () => [] });
  const presence = new Presence(() => bench.clock.now());
  history.follow(bench.deps.bus);
  const start = bench.clock.now();
  await applyPlan(bench.deps, loader, cache, plan([checkObject('b', []), checkObject('a', [])]));
  await bench.advance(100);
  bench.outcomes.set('p/check/a', { kind: 'verdict', state: 'critical', output: 'full' });
  await bench.advance(20_000);
  bench.outcomes.delete('p/check/a');
  await bench.advance(40_000);
  const routes = new RouteTable([...reportRoutes(bench.deps, history, presence), ...historyRoutes(history)]);
  const get = async (path: string, query: { [key: string]: string }) => {
    const { route, params } = routes.match('GET', path);
    return (await route.handle({ params, query, body: null })).body;
  };
  return { bench, get, since: new Date(start).toISOString() };
}

it('reports on the checks that run here', async () => {
  const { bench, get, since } = await living();
  const body = await get('/api/v1/report/checks', { since });
  expect(body).toMatchObject({
    since,
    until: new Date(bench.clock.now()).toISOString(),
    known_since: null,
    checks: [
      {
        id: 'p/check/a',
        name: 'a',
        state: 'ok',
        problems: 1,
        mttr_seconds: expect.closeTo(20, -1),
        changes: 3,
      },
      { id: 'p/check/b', ok_percent: 100, problems: 0, mttr_seconds: null },
    ],
  });
});

it('refuses a moment that is none', async () => {
  const { get } = await living();
  await expect(get('/api/v1/report/checks', { since: 'ever' })).rejects.toMatchObject({
    code: 'OPSBRO_API_INVALID',
    message: "since is not a time: 'ever'",
  });
});

it('tells the changes of one object alone where its id is given', async () => {
  const { get } = await living();
  const ids = async (query: { [key: string]: string }): Promise<string[]> =>
    ((await get('/api/v1/history/checks', query)) as unknown as HistoryView).entries.map(({ id }) => id);
  expect(await ids({ id: 'p/check/a' })).toEqual(['p/check/a', 'p/check/a', 'p/check/a']);
  expect(await ids({ id: 'p/check/c' })).toEqual([]);
  expect(await ids({})).toHaveLength(4);
});

it('tells with each change of a check why it came', async () => {
  const { get } = await living();
  const body = await get('/api/v1/history/checks', {});
  expect(body).toMatchObject({
    entries: [
      {},
      {},
      { name: 'a', state: 'critical', cause: 'run', hard: true, hard_state: 'critical', episode: 2 },
      {},
    ],
  });
});
