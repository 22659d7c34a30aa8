import type { Json } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import type { CheckObject, ConfigObject } from '../../../configuration/model.ts';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import {
  checkObject,
  collectorObject,
  detectorObject,
  done,
  type HostBench,
  handlerObject,
  hostBench,
  plan,
} from '../host/host-bench.ts';

const seldom = { intervalMs: 60_000 };
const site = (on: string): CheckObject =>
  checkObject('site', [], { ...seldom, dependsOn: [on], dependencyWaitMs: 10_000 });

/** A bench whose first round is over: all is well, and the group `blue` is there where something tells of it. */
async function begin(parent: ConfigObject[], on: string): Promise<HostBench> {
  const bench = hostBench();
  const objects = [...parent, site(on), handlerObject('log', { events: [] })];
  const loader = { put: () => undefined, delete: () => undefined };
  bench.answers.set('p/check/router', done({ state: 'ok', output: 'fine' }));
  bench.outcomes.set('p/detector/blue', { kind: 'groups', matched: true, groups: ['blue'] });
  await applyPlan(bench.deps, loader, { invalidate: () => undefined }, plan(objects));
  await bench.deps.notifications.start(bench.deps.bus);
  await bench.advance(1000);
  return bench;
}

/** The child notices first. */
async function breakSite(bench: HostBench): Promise<void> {
  bench.outcomes.set('p/check/site', { kind: 'verdict', state: 'critical', output: 'down' });
  await bench.runner.runOnce('p/check/site');
}

async function seconds(bench: HostBench, count: number): Promise<void> {
  for (let second = 0; second < count; second += 1) {
    await bench.advance(1000);
    await bench.deps.notifications.tick();
    await bench.advance(0);
  }
}

const told = ({ jobs }: HostBench): (string | undefined)[] =>
  jobs.filter(({ type }) => type === 'handle').map(({ event }) => event?.summary);

const routerDown = ['check router is CRITICAL (was OK): down'];
const siteDown = ['check site is CRITICAL (was OK): down'];

it.each([
  ['is not heard of its parent by a run that began before its problem', 3000, routerDown],
  ['is told when its parent has no run in time', 30_000, siteDown],
])('a child %s', async (_, runMs, expected) => {
  const { program: _program, ...router } = checkObject('router', [], seldom);
  const bench = await begin([{ ...router, plugin: 'check/router' }], 'router');
  const { run } = bench.deps.pool;
  let seen: Json = { state: 'ok', output: 'fine' };
  // What a run tells it saw when it began.
  bench.deps.pool.run = (job) => {
    if (job.type !== 'check') return run(job);
    const result = done(seen);
    return new Promise((resolve) => void bench.clock.after(runMs, () => resolve(result)));
  };
  bench.deps.scheduler.runNow(router.id);
  await bench.advance(1000);
  seen = { state: 'critical', output: 'down' };
  await breakSite(bench);
  await seconds(bench, 12);
  expect(told(bench)).toEqual(expected);
});

it('a child has what its parent reads measured anew, once, before that is asked', async () => {
  const router = checkObject('router', ['link'], seldom);
  const bench = await begin([collectorObject('link', seldom), router], 'router');
  const { run } = bench.deps.pool;
  let measured = 0;
  // Nobody sees it in the old measurement.
  bench.deps.pool.run = (job) => {
    if (job.type === 'collect') {
      measured += 1;
      bench.outcomes.set(router.id, { kind: 'verdict', state: 'critical', output: 'down' });
    }
    return run(job);
  };
  await breakSite(bench);
  await seconds(bench, 12);
  expect(told(bench)).toEqual(routerDown);
  expect(measured).toBe(1);
});

it('a child is told once what its parent reads is as good as before', async () => {
  const router = checkObject('router', ['link'], seldom);
  const bench = await begin([collectorObject('link', seldom), router], 'router');
  await breakSite(bench);
  await seconds(bench, 1);
  expect(told(bench)).toEqual([]);
  await seconds(bench, 3);
  expect(told(bench)).toEqual(siteDown);
});

it('a child of a group has that looked for anew, and is silent when this node left it', async () => {
  const bench = await begin([detectorObject('blue', [], seldom)], 'group:blue');
  expect(bench.deps.board.groups).toEqual(['blue']);
  bench.outcomes.set('p/detector/blue', { kind: 'groups', matched: false, groups: [] });
  await breakSite(bench);
  expect(bench.deps.board.groups).toEqual(['blue']);
  await seconds(bench, 12);
  expect(bench.deps.board.groups).toEqual([]);
  expect(told(bench)).toEqual([]);
});

it('a child of a group that the configuration gives waits for nobody', async () => {
  const bench = await begin([], 'group:blue');
  bench.deps.board.setStaticGroups(['blue'], bench.clock.now());
  await breakSite(bench);
  await bench.advance(0);
  expect(told(bench)).toEqual(siteDown);
});
