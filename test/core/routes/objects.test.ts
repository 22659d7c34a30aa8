import type { JsonObject } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import type { CheckView } from '../../../control/shapes.ts';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import { checkRoutes } from '../../../core/routes/objects.ts';
import { checkObject, done, type HostBench, hostBench, plan } from '../host/host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };

function checks(bench: HostBench, query: { [key: string]: string }): string[] {
  const route = checkRoutes(bench.deps, bench.runner).find(({ path }) => path === '/api/v1/checks');
  const reply = route?.handle({ query, params: {} } as never) as { body: JsonObject[] };
  return (reply.body as unknown as CheckView[]).map(({ name }) => name);
}

it('lists of all checks those with figures of a run since a moment', async () => {
  const bench = hostBench();
  const own = (name: string) => {
    const { program: _program, ...object } = checkObject(name, [], { intervalMs: 60_000 });
    return { ...object, plugin: `check/${name}` };
  };
  const metrics = { used: { value: 7 } };
  bench.answers.set('p/check/disk', done({ state: 'ok', output: 'fine', metrics }));
  bench.answers.set('p/check/load', done({ state: 'ok', output: 'fine', metrics }));
  bench.answers.set('p/check/user', done({ state: 'ok', output: 'fine' }));
  await applyPlan(
    bench.deps,
    loader,
    { invalidate: () => undefined },
    plan(['load', 'disk', 'user'].map(own)),
  );
  await bench.advance(1000);
  expect(checks(bench, {})).toEqual(['disk', 'load', 'user']);
  expect(checks(bench, { measured_since: '1970-01-01T00:00:00Z' }).sort()).toEqual(['disk', 'load']);
  const at = new Date(bench.deps.clock.now()).toISOString();
  await bench.advance(500);
  await bench.runner.runOnce('p/check/disk');
  expect(checks(bench, { measured_since: at })).toEqual(['disk']);
  expect(() => checks(bench, { measured_since: 'x' })).toThrow('measured_since is not a time');
});
