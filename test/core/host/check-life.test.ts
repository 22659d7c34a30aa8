import { describe, expect, it } from 'vitest';
import type { CheckPolicy, CheckStatus } from '../../../alerting/model.ts';
import type { CheckObject } from '../../../configuration/model.ts';
import type { VerdictChange } from '../../../core/board/bus.ts';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import type { Outcome } from '../../../language/program.ts';
import { checkObject, collectorObject, done, type HostBench, hostBench, plan } from './host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };
const cache = { invalidate: () => undefined };
const id = 'p/check/c';

interface CheckBench extends HostBench {
  changes: VerdictChange[];
  status(): CheckStatus | undefined;
  /** The rule finds this from now on. */
  find(state: 'ok' | 'critical'): void;
  /** Moves the clock and looks for what is late once a second. */
  live(ms: number): Promise<void>;
}

async function checkBench(
  policy: Partial<CheckPolicy>,
  more: Partial<CheckObject> = {},
  collectors: string[] = [],
): Promise<CheckBench> {
  const bench = hostBench();
  const changes: VerdictChange[] = [];
  bench.deps.bus.subscribe('verdict', (change) => void changes.push(change));
  const check = {
    ...checkObject('c', collectors, { intervalMs: 60_000, timeoutMs: 1000, ...more }),
    ...policy,
  };
  const sources = collectors.map((name) => collectorObject(name, { intervalMs: 1000, timeoutMs: 1000 }));
  await applyPlan(bench.deps, loader, cache, plan([...sources, check]));
  const outcome = (state: 'ok' | 'critical'): Outcome => ({ kind: 'verdict', state, output: state });
  return {
    ...bench,
    changes,
    status: () => bench.deps.board.verdicts.get(id),
    find: (state) => void bench.outcomes.set(id, outcome(state)),
    async live(ms) {
      for (let left = ms; left > 0; left -= 1000) {
        await bench.advance(Math.min(left, 1000));
        await bench.runner.lookForLate();
      }
    },
  };
}

const causes = (bench: CheckBench): string[] =>
  bench.changes.map(({ cause, state, hard }) => `${cause} ${state}${hard ? '' : ' soft'}`);

describe('a soft state', () => {
  it('is looked at again after retry_interval until it is hard, then as scheduled', async () => {
    const bench = await checkBench({ attempts: 3, retryIntervalMs: 2000 });
    await bench.advance(100);
    bench.find('critical');
    await bench.runner.runOnce(id);
    const before = bench.rules.length;
    await bench.advance(4500);
    expect(bench.rules.length - before).toBe(2);
    expect(bench.status()).toMatchObject({ state: 'critical', hard: true, attempt: 3, episode: 2 });
    expect(causes(bench)).toEqual(['run ok', 'run critical soft', 'attempts critical']);
    await bench.advance(20_000);
    expect(bench.rules.length - before).toBe(2);
  });

  it('is looked at when for ends', async () => {
    const bench = await checkBench({ forMs: 5000 });
    bench.find('critical');
    await bench.advance(100);
    expect(bench.status()?.hard).toBe(false);
    await bench.advance(5100);
    expect(bench.status()?.hard).toBe(true);
    expect(causes(bench)).toEqual(['run critical soft', 'for critical']);
  });

  it('is kept by the store with what it needs to go on', async () => {
    const bench = await checkBench({ attempts: 3 });
    bench.find('critical');
    await bench.advance(100);
    expect(bench.kept.get(`check/${id}`)).toMatchObject({ hard: false, attempt: 1, hardState: 'pending' });
  });
});

describe('a result that comes while the one before is written', () => {
  it('follows that one', async () => {
    const bench = await checkBench({ attempts: 2 });
    await bench.advance(100);
    bench.find('critical');
    const writes: (() => void)[] = [];
    bench.deps.store.put = () => new Promise((resolve) => writes.push(resolve));
    const runs = [bench.runner.runOnce(id), bench.runner.runOnce(id)];
    await bench.advance(50);
    for (const write of writes) write();
    await Promise.all(runs);
    await bench.advance(50);
    expect(bench.status()).toMatchObject({ attempt: 2, hard: true });
    expect(causes(bench)).toEqual(['run ok', 'run critical soft', 'attempts critical']);
  });
});

describe('a check whose runs do not come', () => {
  const stuck = (bench: CheckBench): void => {
    bench.deps.rules.evaluate = () => new Promise(() => undefined);
  };

  it('is stale and UNKNOWN after three rounds, 10 s at least, and fresh with the next result', async () => {
    const bench = await checkBench({}, { intervalMs: 2000 });
    await bench.live(2000);
    const evaluate = bench.deps.rules.evaluate;
    stuck(bench);
    await bench.live(6000);
    expect(bench.status()).toMatchObject({ state: 'ok', stale: false });
    await bench.live(5000);
    expect(bench.status()).toMatchObject({ state: 'unknown', hard: true, stale: true });
    expect(bench.status()?.output).toMatch(/^no result for [\d.]+ s, expected every 2 s$/);
    expect(causes(bench)).toEqual(['run ok', 'late unknown']);
    bench.deps.rules.evaluate = evaluate;
    await bench.runner.runOnce(id);
    expect(bench.status()).toMatchObject({ state: 'ok', stale: false });
  });

  it('has as long as a run of its may take', async () => {
    const bench = await checkBench({}, { intervalMs: 2000, timeoutMs: 20_000 });
    await bench.live(2000);
    stuck(bench);
    await bench.live(58_000);
    expect(bench.status()?.stale).toBe(false);
    await bench.live(4000);
    expect(bench.status()?.stale).toBe(true);
  });

  it('keeps its state with on_missing: keep, and says that it is old', async () => {
    const bench = await checkBench({ onMissing: 'keep' }, { intervalMs: 2000 });
    await bench.live(2000);
    const lastRun = bench.status()?.lastRun;
    stuck(bench);
    await bench.live(13_000);
    expect(bench.status()).toMatchObject({ state: 'ok', output: 'fine', stale: true, lastRun });
    expect(causes(bench)).toEqual(['run ok', 'late ok']);
  });

  it('is not late because the agent itself stood still', async () => {
    const bench = await checkBench({}, { intervalMs: 2000 });
    await bench.live(2000);
    bench.clock.freeze(3_600_000);
    await bench.runner.lookForLate();
    expect(bench.status()).toMatchObject({ state: 'ok', stale: false });
    stuck(bench);
    await bench.live(13_000);
    expect(bench.status()?.stale).toBe(true);
  });

  it('is not late while it waits for the first run of a collector', async () => {
    const bench = await checkBench({}, { intervalMs: 100, timeoutMs: 100 }, ['slow']);
    bench.deps.pool.run = () => new Promise(() => undefined);
    await bench.live(2000);
    expect(bench.status()).toBeUndefined();
  });
});

describe('a check whose collector says nothing new', () => {
  it('judges nothing by what is old', async () => {
    const bench = await checkBench({}, { intervalMs: 1000 }, ['disk']);
    await bench.live(3000);
    expect(bench.status()).toMatchObject({ state: 'ok', stale: false });
    bench.deps.pool.run = () => new Promise(() => undefined);
    await bench.live(13_000);
    expect(bench.status()).toMatchObject({ state: 'unknown', hard: true, stale: true });
    expect(bench.status()?.output).toMatch(
      /^collector disk gave nothing new for [\d.]+ s; its last data said: fine$/,
    );
    expect(causes(bench)).toEqual(['run ok', 'late unknown']);
  });

  it('is judged again with what comes', async () => {
    const bench = await checkBench({ onMissing: 'critical' }, { intervalMs: 1000 }, ['disk']);
    await bench.live(3000);
    const release: (() => void)[] = [];
    bench.deps.pool.run = () => new Promise((resolve) => release.push(() => resolve(done({ value: 1 }))));
    await bench.live(13_000);
    expect(bench.status()?.state).toBe('critical');
    release[0]?.();
    await bench.live(2000);
    expect(bench.status()).toMatchObject({ state: 'ok', stale: false });
  });
});

it('tells that a check was removed, and begins anew when it comes back', async () => {
  const bench = await checkBench({});
  bench.find('critical');
  await bench.advance(100);
  const check = bench.deps.table.get(id)?.object as CheckObject;
  await applyPlan(bench.deps, loader, cache, plan([], { stop: [id] }));
  await applyPlan(bench.deps, loader, cache, plan([check]));
  await bench.advance(100);
  expect(causes(bench)).toEqual(['run critical', 'removed pending', 'run critical']);
  expect(bench.changes.map(({ oldHardState }) => oldHardState)).toEqual(['pending', 'critical', 'pending']);
});
