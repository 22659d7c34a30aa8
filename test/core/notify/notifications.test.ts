import type { Json, VerdictState } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import type { CheckStatus } from '../../../alerting/model.ts';
import { readStatus } from '../../../alerting/state/read-status.ts';
import type { CheckObject, ConfigObject } from '../../../configuration/model.ts';
import { applyPlan, linkGroups } from '../../../core/host/apply-plan.ts';
import { AgentHolds } from '../../../core/notify/holds.ts';
import { Notifications } from '../../../core/notify/notifications.ts';
import { Results } from '../../../core/results/results.ts';
import type { JobResult } from '../../../threads/protocol.ts';
import {
  checkObject,
  done,
  failed,
  type HostBench,
  handlerObject,
  hostBench,
  plan,
} from '../host/host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };
const cache = { invalidate: () => undefined };

/** A bench with its objects, whose checks get results by hand. */
async function begin(objects: ConfigObject[]): Promise<HostBench & { results: Results }> {
  const bench = hostBench();
  await applyPlan(bench.deps, loader, cache, plan(objects));
  await bench.deps.notifications.start(bench.deps.bus);
  return { ...bench, results: new Results(bench.deps) };
}

type Bench = Awaited<ReturnType<typeof begin>>;

async function judge(
  { deps, outcomes, results }: Bench,
  name: string,
  state: VerdictState,
  output = `${name} ${state}`,
): Promise<void> {
  const runtime = deps.table.get(`p/check/${name}`);
  if (runtime === undefined) throw new Error(`no check ${name}`);
  runtime.active = true;
  // Its scheduled runs find the same.
  outcomes.set(runtime.object.id, { kind: 'verdict', state, output });
  await results.verdicts([{ runtime, result: { state, output } }]);
  await turn();
}

async function turn(): Promise<void> {
  for (let count = 0; count < 3; count += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function reload(bench: Bench, ...more: Parameters<typeof plan>): Promise<void> {
  await applyPlan(bench.deps, loader, cache, plan(...more));
  await bench.deps.notifications.reconsider();
  await turn();
}

/** What tells people, as after a start: what it knew is gone. */
function restarted({ deps }: HostBench): Notifications {
  const tables = { downtimes: new Map(), acknowledgements: new Map(), silences: new Map() };
  return new Notifications(deps, 'host', new AgentHolds(deps, () => tables), () => undefined);
}

const told = ({ jobs }: HostBench): string[] =>
  jobs.filter(({ type }) => type === 'handle').map(({ name, event }) => `${name}: ${event?.summary}`);

const check = (name: string, more: Partial<CheckObject> = {}): CheckObject => checkObject(name, [], more);

describe('Notifications', () => {
  it('tells a handler of a problem and its end, with all that it may print', async () => {
    const bench = await begin([check('c', { displayName: 'C', runbook: 'http://x' }), handlerObject('log')]);
    await judge(bench, 'c', 'ok');
    await judge(bench, 'c', 'critical');
    await judge(bench, 'c', 'critical');
    await judge(bench, 'c', 'ok');
    expect(told(bench)).toEqual([
      'log: check c is CRITICAL (was OK): c critical',
      'log: check c is OK (was CRITICAL): c ok',
    ]);
    expect(bench.jobs[0]).toMatchObject({ type: 'handle', object: 'p/handler/log', timeoutMs: 1000 });
    expect(bench.jobs[0]?.event).toMatchObject({
      key: 'host/p/check/c/1700000000.2/problem',
      type: 'problem',
      node: 'host',
      data: {
        check: 'p/check/c',
        display_name: 'C',
        state: 'critical',
        old_state: 'ok',
        runbook: 'http://x',
      },
    });
  });

  it('tells the first problem of a check as one from pending, also after a reload and to a handler that came later', async () => {
    const bench = await begin([check('c', { attempts: 2 }), handlerObject('log')]);
    for (const state of ['critical', 'critical'] as const) await judge(bench, 'c', state);
    await reload(bench, [handlerObject('late')]);
    // A restart has only what the store gives back.
    const stored = readStatus(bench.kept.get('check/p/check/c') as Json) as CheckStatus;
    expect(stored.oldHardState).toBe('pending');
    bench.deps.notifications = restarted(bench);
    await reload(bench, [handlerObject('latest')]);
    bench.deps.notifications.outbox.start();
    await turn();
    expect(told(bench)).toEqual([
      'log: check c is CRITICAL (was PENDING): c critical',
      'late: check c is CRITICAL (was PENDING): c critical',
      expect.stringMatching(/^(log|late|latest): check c is CRITICAL \(was PENDING\): c critical$/),
      expect.stringMatching(/^(log|late|latest): check c is CRITICAL \(was PENDING\): c critical$/),
      expect.stringMatching(/^(log|late|latest): check c is CRITICAL \(was PENDING\): c critical$/),
    ]);
    expect(bench.jobs[0]?.event?.data).toMatchObject({ old_state: 'pending', state: 'critical' });
  });

  it('keeps verdict, what was told and what is to be delivered in one batch', async () => {
    const bench = await begin([check('c'), handlerObject('log')]);
    const batches: string[][] = [];
    const { put } = bench.deps.store;
    bench.deps.store.put = async (batch) => {
      batches.push([...(batch.put ?? []).map(([key]) => key), ...(batch.del ?? []).map((key) => `-${key}`)]);
      await put(batch);
    };
    await judge(bench, 'c', 'critical');
    expect(batches).toEqual([
      ['check/p/check/c', 'told/p/handler/log\tp/check/c', 'outbox/000000000000001'],
      ['-outbox/000000000000001'],
    ]);
  });

  it('leaves out whoever does not want it', async () => {
    const bench = await begin([
      check('c', { handlers: ['mine', 'calm', 'off', 'elsewhere', 'here'] }),
      handlerObject('mine'),
      handlerObject('other'),
      handlerObject('calm', { severities: ['ok', 'warning'] }),
      handlerObject('off', { enabled: false }),
      handlerObject('elsewhere', { ifGroup: 'blue' }),
      handlerObject('here', { ifGroup: '*' }),
    ]);
    await judge(bench, 'c', 'critical');
    expect(bench.jobs.map(({ name }) => name)).toEqual(['mine', 'here']);
  });

  it('tells nobody while a state is soft', async () => {
    const bench = await begin([check('c', { attempts: 3 }), handlerObject('log')]);
    for (const state of ['ok', 'critical', 'critical'] as const) await judge(bench, 'c', state);
    expect(told(bench)).toEqual([]);
    await judge(bench, 'c', 'critical');
    expect(told(bench)).toHaveLength(1);
  });

  it('ends the problem of a check that is taken out', async () => {
    const bench = await begin([check('c'), handlerObject('log')]);
    await judge(bench, 'c', 'critical');
    await reload(bench, [], { stop: ['p/check/c'], plugins: null });
    expect(told(bench).at(-1)).toBe('log: check c is no longer run here (was CRITICAL)');
    expect([...bench.kept.keys()]).toEqual([]);
  });

  it('takes no check for gone whose first verdict is on its way to the store', async () => {
    const bench = await begin([check('c'), handlerObject('log')]);
    let release = (): void => undefined;
    const { put } = bench.deps.store;
    bench.deps.store.put = (batch) =>
      new Promise((resolve) => {
        release = () => resolve(put(batch));
        bench.deps.store.put = put;
      });
    const judged = judge(bench, 'c', 'critical');
    await bench.deps.notifications.reconsider();
    release();
    await judged;
    expect(told(bench)).toEqual(['log: check c is CRITICAL (was PENDING): c critical']);
  });

  it('ends the problem of a check that no longer applies here', async () => {
    const bench = await begin([check('c', { ifGroup: 'blue' }), handlerObject('log')]);
    await judge(bench, 'c', 'critical');
    bench.deps.board.setStaticGroups([], 6);
    await linkGroups(bench.deps);
    await bench.deps.notifications.reconsider();
    await turn();
    expect(told(bench).at(-1)).toBe('log: check c is no longer run here (was CRITICAL)');
  });

  it('keeps quiet hours by the wall clock, also after it was set', async () => {
    const quiet = { hours: 'sun-sat 22:00-23:00', timezone: 'UTC', except: [] };
    const bench = await begin([check('c'), handlerObject('log', { quietHours: [quiet] })]);
    // It is 22:13:20; the clock is set to 02:13:20.
    bench.clock.stepWall(4 * 3_600_000);
    await judge(bench, 'c', 'critical');
    expect(told(bench)).toHaveLength(1);
    await judge(bench, 'c', 'ok');
    bench.clock.stepWall(-4 * 3_600_000);
    await judge(bench, 'c', 'critical');
    expect(told(bench)).toHaveLength(2);
    bench.clock.advance(46 * 60_000);
    await bench.deps.notifications.tick();
    expect(told(bench)).toHaveLength(2);
    bench.clock.advance(60_000);
    await bench.deps.notifications.tick();
    await turn();
    expect(told(bench)).toHaveLength(3);
  });

  it('forgets nothing that a handler was told whose file cannot be read', async () => {
    const bench = await begin([check('c'), handlerObject('log')]);
    await judge(bench, 'c', 'critical');
    await applyPlan(bench.deps, loader, cache, plan([], { stop: ['p/handler/log'], plugins: null }));
    await bench.deps.notifications.reconsider(false);
    await reload(bench, [handlerObject('log')]);
    await judge(bench, 'c', 'ok');
    expect(told(bench)).toEqual([
      'log: check c is CRITICAL (was PENDING): c critical',
      'log: check c is OK (was CRITICAL): c ok',
    ]);
  });

  it('says nothing anew after a reload', async () => {
    const bench = await begin([check('c'), handlerObject('log')]);
    await judge(bench, 'c', 'critical');
    await reload(bench, [], { restart: [check('c', { notes: 'new' })], plugins: null });
    await judge(bench, 'c', 'critical');
    expect(told(bench)).toHaveLength(1);
  });

  it('tells a handler that came later of what is still broken', async () => {
    const bench = await begin([check('c')]);
    await judge(bench, 'c', 'critical');
    await reload(bench, [handlerObject('late')]);
    expect(told(bench)).toEqual(['late: check c is CRITICAL (was PENDING): c critical']);
  });

  it('tells of groups that come and go, once the first round has told what this host is', async () => {
    const bench = await begin([handlerObject('log')]);
    bench.deps.board.setStaticGroups(['first'], 4);
    await turn();
    bench.deps.notifications.settled();
    bench.deps.board.setStaticGroups(['blue'], 5);
    await turn();
    bench.deps.board.setStaticGroups([], 6);
    await turn();
    expect(told(bench)).toEqual([
      'log: group blue was added',
      'log: group first was removed',
      'log: group blue was removed',
    ]);
    expect(bench.jobs.map(({ event }) => event?.key)).toEqual([
      'host/group/blue/add@5',
      'host/group/first/remove@5',
      'host/group/blue/remove@6',
    ]);
  });

  it('waits for what a check depends on, and keeps silent while that is down', async () => {
    const bench = await begin([
      check('router'),
      check('site', { dependsOn: ['router'], dependencyWaitMs: 10_000 }),
      handlerObject('log'),
    ]);
    await judge(bench, 'router', 'ok');
    bench.clock.advance(1000);
    await judge(bench, 'site', 'critical');
    expect(told(bench)).toEqual([]);
    bench.outcomes.set('p/check/router', { kind: 'verdict', state: 'critical', output: 'router critical' });
    bench.clock.advance(500);
    await turn();
    bench.clock.advance(20_000);
    await bench.deps.notifications.tick();
    await turn();
    expect(told(bench)).toEqual(['log: check router is CRITICAL (was OK): router critical']);
    // The parent recovers: the child is looked at again before anybody is told.
    await judge(bench, 'router', 'ok');
    await bench.deps.notifications.tick();
    bench.clock.advance(500);
    await judge(bench, 'site', 'ok');
    bench.clock.advance(20_000);
    await bench.deps.notifications.tick();
    await turn();
    expect(told(bench)).toEqual([
      'log: check router is CRITICAL (was OK): router critical',
      'log: check router is OK (was CRITICAL): router ok',
    ]);
  });

  it('tells of flapping instead of each change', async () => {
    const bench = await begin([check('c'), handlerObject('log')]);
    for (let run = 0; run < 20; run += 1) await judge(bench, 'c', run % 2 === 0 ? 'ok' : 'critical', 'o');
    const lines = told(bench);
    expect(lines.filter((line) => line.includes('began flapping'))).toHaveLength(1);
    const events = bench.jobs.flatMap(({ event }) => (event?.type === 'flapping' ? [event] : []));
    expect(events[0]?.data).toMatchObject({ name: 'c', flapping: true, output: 'o', perfdata: '' });
    expect(lines.indexOf(lines.find((line) => line.includes('began flapping')) ?? '')).toBeGreaterThan(-1);
    expect(
      lines
        .slice(lines.findIndex((line) => line.includes('began flapping')) + 1)
        .filter((line) => line.includes('CRITICAL (was')),
    ).toEqual([]);
  });

  it('tells one thing at a time and in order, while a slow handler delays nobody else', async () => {
    const bench = await begin([check('c'), handlerObject('slow'), handlerObject('fast')]);
    const ends: ((result: JobResult) => void)[] = [];
    const seen: string[] = [];
    bench.deps.pool.run = (job) => {
      seen.push(`${job.name} ${String(job.event?.data.state)}`);
      if (job.name === 'fast') return Promise.resolve(done(null));
      return new Promise((resolve) => ends.push(resolve));
    };
    for (const state of ['critical', 'ok', 'warning'] as const) await judge(bench, 'c', state);
    expect(seen).toEqual(['slow critical', 'fast critical', 'fast ok', 'fast warning']);
    ends[0]?.(done(null));
    await turn();
    expect(seen.at(-1)).toBe('slow ok');
  });

  it('tries again what a handler failed at, and says so', async () => {
    const bench = await begin([check('c'), handlerObject('log')]);
    bench.answers.set('p/handler/log', failed('OPSBRO_PLUGIN_FAILED'));
    await judge(bench, 'c', 'critical');
    expect(bench.lines).toContain('warn a notification was not delivered, and is tried again');
    bench.answers.set('p/handler/log', done(null));
    bench.clock.advance(10_000);
    await turn();
    expect(bench.jobs.map(({ event }) => event?.key)).toEqual([
      'host/p/check/c/1700000000.1/problem',
      'host/p/check/c/1700000000.1/problem',
    ]);
    expect(bench.deps.notifications.outbox.list()).toEqual([]);
  });

  it('uses the handler as it is when its turn comes', async () => {
    const bench = await begin([check('c'), handlerObject('h', { options: { to: 'old' } })]);
    const ends: ((result: JobResult) => void)[] = [];
    const seen: unknown[] = [];
    bench.deps.pool.run = (job) => {
      seen.push(job.options.to);
      return new Promise((resolve) => ends.push(resolve));
    };
    for (const state of ['critical', 'ok'] as const) await judge(bench, 'c', state);
    await reload(bench, [], { restart: [handlerObject('h', { options: { to: 'new' } })], plugins: null });
    ends[0]?.(done(null));
    await turn();
    expect(seen).toEqual(['old', 'new']);
  });
});
