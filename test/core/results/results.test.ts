import type { VerdictState } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import type { CheckObject, ConfigObject } from '../../../configuration/model.ts';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import { Results } from '../../../core/results/results.ts';
import { checkObject, type HostBench, handlerObject, hostBench, plan } from '../host/host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };
const cache = { invalidate: () => undefined };
const id = 'p/check/c';

/** Results over a store whose disk answers by hand. */
interface SlowDisk extends HostBench {
  results: Results;
  /** From now on the disk does not answer, until the function it gives is called. */
  hold(): () => void;
  judge(state: VerdictState, output?: string): Promise<void>;
  apply(...given: Parameters<typeof plan>): Promise<void>;
  told(): string[];
}

async function begin(objects: ConfigObject[]): Promise<SlowDisk> {
  const bench = hostBench();
  const { deps, jobs, outcomes } = bench;
  const results = new Results(deps);
  const apply = (...given: Parameters<typeof plan>) => applyPlan(deps, loader, cache, plan(...given));
  await apply(objects);
  await deps.notifications.start(deps.bus);
  const { put } = deps.store;
  let answers = Promise.resolve();
  deps.store.put = async (batch) => {
    const answer = answers;
    await put(batch);
    await answer;
  };
  return {
    ...bench,
    results,
    apply,
    hold() {
      let release = (): void => undefined;
      answers = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    async judge(state, output = `c ${state}`) {
      const runtime = deps.table.get(id);
      if (runtime === undefined) throw new Error('no check c');
      outcomes.set(id, { kind: 'verdict', state, output });
      await results.verdicts([{ runtime, result: { state, output } }]);
    },
    told: () => jobs.map(({ event }) => String(event?.key)),
  };
}

async function turn(): Promise<void> {
  for (let count = 0; count < 3; count += 1) await new Promise((resolve) => setImmediate(resolve));
}

const check = (more: Partial<CheckObject> = {}): CheckObject => checkObject('c', [], more);

describe('Results', () => {
  it('neither ends nor forgets a problem that is on its way to the store when everything is reconsidered', async () => {
    const bench = await begin([check(), handlerObject('log')]);
    await bench.judge('ok');
    const release = bench.hold();
    const judged = bench.judge('critical');
    const reconsidered = bench.deps.notifications.reconsider();
    release();
    await Promise.all([judged, reconsidered]);
    await turn();
    expect(bench.told()).toEqual(['host/p/check/c/1700000000.2/problem']);
    await bench.judge('ok');
    await turn();
    expect(bench.told()).toEqual([
      'host/p/check/c/1700000000.2/problem',
      'host/p/check/c/1700000000.3/recovery',
    ]);
  });

  it('does not begin a problem again whose end is on its way to the store when everything is reconsidered', async () => {
    const bench = await begin([check(), handlerObject('log')]);
    await bench.judge('critical');
    await turn();
    const release = bench.hold();
    const judged = bench.judge('ok');
    const reconsidered = bench.deps.notifications.reconsider();
    release();
    await Promise.all([judged, reconsidered]);
    await turn();
    expect(bench.told()).toEqual([
      'host/p/check/c/1700000000.1/problem',
      'host/p/check/c/1700000000.2/recovery',
    ]);
  });

  it('shows a run that found what the last one did at once, in the status that is there', async () => {
    const bench = await begin([check(), handlerObject('log')]);
    await bench.judge('ok', 'first');
    const status = bench.deps.board.verdicts.get(id);
    await bench.judge('ok', 'second');
    expect(bench.deps.board.verdicts.get(id)).toBe(status);
    expect(status).toMatchObject({ state: 'ok', output: 'second' });
  });

  it('does not touch what is on its way to the store when the next run finds the same', async () => {
    const bench = await begin([check(), handlerObject('log')]);
    await bench.judge('ok', 'up');
    const release = bench.hold();
    const judged = bench.judge('critical', 'down');
    const again = bench.judge('critical', 'still down');
    const shown = bench.deps.board.verdicts.get(id);
    release();
    await Promise.all([judged, again]);
    expect(shown?.output).toBe('still down');
    expect(bench.deps.board.decided(id)).toMatchObject({ state: 'critical', output: 'still down' });
    expect(bench.kept.get(`check/${id}`)).toMatchObject({ state: 'critical', output: 'down' });
  });

  it('shows what was stored of a check that was restarted meanwhile', async () => {
    const bench = await begin([check(), handlerObject('log')]);
    await bench.judge('ok');
    const release = bench.hold();
    const judged = bench.judge('critical');
    const restarted = bench.apply([], { restart: [check({ notes: 'edited' })], plugins: null });
    const reconsidered = bench.deps.notifications.reconsider();
    release();
    await Promise.all([judged, restarted, reconsidered]);
    await turn();
    expect(bench.deps.board.verdicts.get(id)?.state).toBe('critical');
    expect(bench.told()).toEqual(['host/p/check/c/1700000000.2/problem']);
  });

  it('shows nothing of a check that was taken out meanwhile, and tells that it is gone', async () => {
    const bench = await begin([check(), handlerObject('log')]);
    const release = bench.hold();
    const judged = bench.judge('critical');
    const stopped = bench.apply([], { stop: [id], plugins: null });
    const reconsidered = bench.deps.notifications.reconsider();
    release();
    await Promise.all([judged, stopped, reconsidered]);
    await turn();
    expect(bench.deps.board.verdicts.has(id)).toBe(false);
    expect([...bench.kept.keys()]).toEqual([]);
    expect(bench.told()).toEqual([
      'host/p/check/c/1700000000.1/problem',
      'host/p/check/c/1700000000.1/recovery',
    ]);
  });

  it('shows what was stored while the agent stops, so that its last words are true', async () => {
    const bench = await begin([check(), handlerObject('log')]);
    await bench.judge('ok');
    const release = bench.hold();
    const judged = bench.judge('critical');
    bench.deps.table.endRuns();
    release();
    await judged;
    expect(bench.deps.board.verdicts.get(id)?.state).toBe('critical');
  });

  it('lets others have a turn while very many checks change at once', async () => {
    const checks = Array.from({ length: 2500 }, (_, index) => checkObject(`c${index}`, []));
    const { deps, results } = await begin(checks);
    const found = checks.map(({ id: one }) => {
      const runtime = deps.table.get(one);
      if (runtime === undefined) throw new Error(`no check ${one}`);
      return { runtime, result: { state: 'critical' as const, output: '' } };
    });
    let turns = 0;
    const count = (): void => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await results.verdicts(found);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(4);
    expect(deps.board.verdicts.size).toBe(2500);
    expect(deps.board.ahead.size).toBe(0);
  });

  it('puts no more on its way to the disk than that takes, however many come with verdicts at once', async () => {
    const checks = Array.from({ length: 3000 }, (_, index) => checkObject(`c${index}`, []));
    const bench = await begin(checks);
    const { put } = bench.deps.store;
    let [underWay, most] = [0, 0];
    bench.deps.store.put = async (batch) => {
      underWay += batch.put?.length ?? 0;
      most = Math.max(most, underWay);
      await put(batch);
      underWay -= batch.put?.length ?? 0;
    };
    const found = bench.deps.table.of('check').map((runtime) => ({
      runtime,
      result: { state: 'critical' as const, output: '' },
    }));
    const release = bench.hold();
    const judged = Array.from({ length: 15 }, (_, part) =>
      bench.results.verdicts(found.slice(part * 200, part * 200 + 200)),
    );
    for (let turns = 0; turns < 100; turns += 1) await turn();
    expect(most).toBe(1000);
    expect(bench.deps.board.verdicts.size).toBe(0);
    release();
    await Promise.all(judged);
    expect(most).toBe(1000);
    expect(bench.deps.board.verdicts.size).toBe(3000);
  });

  it('lets a verdict that waited for the store not hide a later one that did not', async () => {
    const bench = await begin([check({ attempts: 3 })]);
    await bench.judge('ok');
    const release = bench.hold();
    const first = bench.judge('critical', 'first');
    await bench.judge('critical', 'second');
    release();
    await first;
    expect(bench.deps.board.verdicts.get(id)).toMatchObject({ attempt: 2, output: 'second' });
  });
});
