import type { HandlerEvent } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import type { Topics } from '../../../core/board/bus.ts';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import { Router } from '../../../core/notify/router.ts';
import type { JobResult } from '../../../threads/protocol.ts';
import { verdictChange } from '../board/verdict-change.ts';
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

async function follow(...[objects, more]: Parameters<typeof plan>): Promise<HostBench> {
  const bench = hostBench();
  new Router(bench.deps, 'host').follow(bench.deps.bus);
  await applyPlan(bench.deps, loader, cache, plan(objects, more));
  return bench;
}

function change(bench: HostBench, more: Partial<Topics['verdict']> = {}): Promise<void> {
  bench.deps.bus.publish('verdict', verdictChange({ check: 'p/check/c', output: 'down', at: 5, ...more }));
  return turn();
}

async function turn(): Promise<void> {
  for (let count = 0; count < 3; count += 1) await new Promise((resolve) => setImmediate(resolve));
}

const told = (bench: HostBench): string[] =>
  bench.jobs.map(({ name, event }) => `${name}: ${event?.summary}`);

describe('router', () => {
  it('tells a handler of a change, with all that it may print', async () => {
    const bench = await follow([checkObject('c', [], { displayName: 'C' }), handlerObject('log')]);
    await change(bench);
    expect(bench.jobs).toMatchObject([{ type: 'handle', object: 'p/handler/log', timeoutMs: 1000 }]);
    expect(bench.jobs[0]?.event).toEqual<HandlerEvent>({
      key: 'p/check/c@5',
      type: 'problem',
      at: 5,
      node: 'host',
      summary: 'check c is CRITICAL (was OK): down',
      data: {
        check: 'p/check/c',
        name: 'c',
        display_name: 'C',
        state: 'critical',
        old_state: 'ok',
        output: 'down',
      },
    });
  });

  it('leaves out whoever does not want it', async () => {
    const bench = await follow([
      checkObject('c', [], { handlers: ['mine', 'calm', 'off', 'elsewhere', 'here'] }),
      handlerObject('mine'),
      handlerObject('other'),
      handlerObject('calm', { severities: ['ok', 'warning'] }),
      handlerObject('off', { enabled: false }),
      handlerObject('elsewhere', { ifGroup: 'blue' }),
      handlerObject('here', { ifGroup: '*' }),
    ]);
    await change(bench);
    expect(bench.jobs.map(({ name }) => name)).toEqual(['mine', 'here']);
  });

  it('says nothing of a check that is gone', async () => {
    const bench = await follow([handlerObject('log')]);
    await change(bench);
    expect(bench.jobs).toEqual([]);
  });

  it('tells of groups that come and go', async () => {
    const bench = await follow([handlerObject('log')]);
    bench.deps.board.setStaticGroups(['blue'], 5);
    await turn();
    bench.deps.board.setStaticGroups([], 6);
    await turn();
    expect(told(bench)).toEqual(['log: group blue was added', 'log: group blue was removed']);
    expect(bench.jobs.map(({ event }) => event?.key)).toEqual(['group/blue/add@5', 'group/blue/remove@6']);
  });

  it('tells one thing at a time and in order, while a slow handler delays nobody else', async () => {
    const bench = await follow([checkObject('c', []), handlerObject('slow'), handlerObject('fast')]);
    const ends: ((result: JobResult) => void)[] = [];
    const seen: string[] = [];
    bench.deps.pool.run = (job) => {
      seen.push(`${job.name} ${job.event?.at}`);
      if (job.name === 'fast') return Promise.resolve(done(null));
      return new Promise((resolve) => ends.push(resolve));
    };
    for (const at of [1, 2, 3]) await change(bench, { at });
    expect(seen).toEqual(['slow 1', 'fast 1', 'fast 2', 'fast 3']);
    ends[0]?.(failed('OPSBRO_PLUGIN_FAILED'));
    await turn();
    expect(seen.at(-1)).toBe('slow 2');
    expect(bench.lines).toContain('error a handler failed');
  });

  it('drops the oldest of too many events and says so once, with their number in the end', async () => {
    const bench = await follow([checkObject('c', []), handlerObject('slow')]);
    const ends: ((result: JobResult) => void)[] = [];
    const seen: (number | undefined)[] = [];
    bench.deps.pool.run = (job) => {
      seen.push(job.event?.at);
      return seen.length === 1 ? new Promise((resolve) => ends.push(resolve)) : Promise.resolve(done(null));
    };
    for (let at = 0; at <= 1500; at += 1) {
      bench.deps.bus.publish('verdict', verdictChange({ check: 'p/check/c', at }));
    }
    await turn();
    ends[0]?.(done(null));
    await turn();
    expect(seen).toHaveLength(1001);
    expect(seen.slice(0, 2)).toEqual([0, 501]);
    expect(bench.lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn a handler lags: its oldest events are dropped',
      'warn a handler caught up',
    ]);
  });

  it('uses the handler as it is when its turn comes, and forgets one that is gone', async () => {
    const bench = await follow([checkObject('c', []), handlerObject('h', { options: { to: 'old' } })]);
    const ends: ((result: JobResult) => void)[] = [];
    const seen: unknown[] = [];
    bench.deps.pool.run = (job) => {
      seen.push(job.options.to);
      return new Promise((resolve) => ends.push(resolve));
    };
    for (const at of [1, 2, 3]) await change(bench, { at });
    const restart = [handlerObject('h', { options: { to: 'new' } })];
    await applyPlan(bench.deps, loader, cache, plan([], { restart, plugins: null }));
    ends[0]?.(done(null));
    await turn();
    await applyPlan(bench.deps, loader, cache, plan([], { stop: ['p/handler/h'], plugins: null }));
    ends[1]?.(done(null, { told: 2 }));
    await turn();
    expect(seen).toEqual(['old', 'new']);
    expect(bench.deps.states.get('p/handler/h')).toEqual({});
  });
});
