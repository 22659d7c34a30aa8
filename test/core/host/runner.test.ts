import { describe, expect, it } from 'vitest';
import { applyPlan, linkGroups } from '../../../core/host/apply-plan.ts';
import type { JobResult } from '../../../threads/protocol.ts';
import { checkObject, collectorObject, done, failed, type HostBench, hostBench, plan } from './host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };
const cache = { invalidate: () => undefined };

async function apply(bench: HostBench, ...args: Parameters<typeof plan>): Promise<void> {
  await applyPlan(bench.deps, loader, cache, plan(...args));
}

describe('runner', () => {
  it('evaluates a check only after its collector has run, and then at once', async () => {
    const bench = hostBench();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    bench.deps.pool.run = async () => {
      await gate;
      return done({ a: 1 });
    };
    await apply(bench, [collectorObject('load'), checkObject('c', ['load'])]);
    await bench.advance(500);
    expect(bench.rules).toEqual([]);
    expect(bench.deps.board.verdicts.size).toBe(0);
    release();
    await bench.advance(100);
    expect(bench.rules).toEqual([['p/check/c']]);
    expect(bench.deps.board.verdicts.get('p/check/c')).toMatchObject({ state: 'ok' });
  });

  it('does not wait longer than three of the collector’s intervals', async () => {
    const bench = hostBench();
    bench.deps.pool.run = () => new Promise(() => undefined);
    await apply(bench, [collectorObject('load'), checkObject('c', ['load'])]);
    await bench.advance(29_000);
    expect(bench.rules).toEqual([]);
    await bench.advance(12_000);
    expect(bench.rules.length).toBeGreaterThan(0);
  });

  it('does not wait for collectors that do not exist or do not run here', async () => {
    const bench = hostBench();
    await apply(bench, [collectorObject('off', { ifGroup: 'nowhere' }), checkObject('c', ['off', 'absent'])]);
    await bench.advance(100);
    expect(bench.rules).toEqual([['p/check/c']]);
  });

  it('evaluates everything due in one tick as one batch', async () => {
    const bench = hostBench();
    await apply(
      bench,
      ['a', 'b', 'c'].map((name) => checkObject(name, [])),
    );
    await bench.advance(100);
    expect(bench.rules.map((batch) => batch.toSorted())).toEqual([['p/check/a', 'p/check/b', 'p/check/c']]);
  });

  it('hands ctx.state from run to run and backs off while a collector keeps failing', async () => {
    const bench = hostBench();
    const object = collectorObject('bad', { intervalMs: 1000 });
    bench.answers.set(object.id, done({ a: 1 }, { seen: 1 }));
    await apply(bench, [object]);
    await bench.advance(100);
    bench.answers.set(object.id, failed('OPSBRO_PLUGIN_FAILED'));
    await bench.advance(2000);
    expect(bench.jobs.at(-1)?.state).toEqual({ seen: 1 });
    const soon = bench.jobs.length;
    await bench.advance(10_000);
    expect(bench.jobs.length - soon).toBeLessThan(6);
    expect(bench.deps.table.get(object.id)).toMatchObject({
      state: 'error',
      log: expect.stringContaining('OPSBRO_PLUGIN_FAILED'),
    });
  });

  it('keeps the last tree of a failing collector for three intervals, then takes it away', async () => {
    const bench = hostBench();
    const object = collectorObject('load', { intervalMs: 1000 });
    await apply(bench, [object]);
    await bench.advance(100);
    bench.answers.set(object.id, failed('OPSBRO_PLUGIN_FAILED'));
    await bench.advance(1500);
    expect(bench.deps.board.samples.has('load')).toBe(true);
    await bench.awake(8);
    expect(bench.deps.board.samples.has('load')).toBe(false);
  });

  it('stores a changed verdict before it counts, and not an unchanged one', async () => {
    const bench = hostBench();
    await apply(bench, [checkObject('c', [], { intervalMs: 1000 })]);
    await bench.advance(100);
    expect(bench.kept.get('check/p/check/c')).toMatchObject({ state: 'ok' });
    bench.kept.clear();
    await bench.advance(2000);
    expect(bench.kept.size).toBe(0);
    bench.outcomes.set('p/check/c', { kind: 'verdict', state: 'critical', output: 'down' });
    await bench.advance(1100);
    expect(bench.kept.get('check/p/check/c')).toMatchObject({ state: 'critical', output: 'down' });
  });

  it('shows nobody a changed verdict that is not on disk yet', async () => {
    const bench = hostBench();
    let written = (): void => undefined;
    bench.deps.store.put = () =>
      new Promise((resolve) => {
        written = resolve;
      });
    const changes: string[] = [];
    bench.deps.bus.subscribe('verdict', ({ check, state }) => void changes.push(`${check} ${state}`));
    await apply(bench, [checkObject('c', [])]);
    await bench.advance(100);
    expect([bench.deps.board.verdicts.size, changes.length]).toEqual([0, 0]);
    written();
    await bench.advance(50);
    expect(bench.deps.board.verdicts.get('p/check/c')?.state).toBe('ok');
    expect(changes).toEqual(['p/check/c ok']);
  });

  it('makes an evaluation error UNKNOWN with its code, never OK', async () => {
    const bench = hostBench();
    bench.outcomes.set('p/check/c', {
      kind: 'error',
      error: { code: 'OPSBRO_EXPRESSION_TIMEOUT', message: 'too long' },
    });
    await apply(bench, [checkObject('c', [])]);
    await bench.advance(100);
    expect(bench.deps.board.verdicts.get('p/check/c')).toMatchObject({
      state: 'unknown',
      output: 'OPSBRO_EXPRESSION_TIMEOUT: too long',
    });
  });

  it.each([
    ['is not there', [], undefined, 'there is no collector load'],
    [
      'is called otherwise',
      [collectorObject('laod')],
      undefined,
      'there is no collector load; did you mean laod?',
    ],
    ['is disabled', [collectorObject('load', { enabled: false })], undefined, 'collector load: not enabled'],
    [
      'is for other nodes',
      [collectorObject('load', { ifGroup: 'db' })],
      undefined,
      "collector load: not eligible: this host is not in group 'db'",
    ],
    [
      'is not eligible',
      [collectorObject('load')],
      { ...done(null), status: 'not-eligible', reason: 'no load here' } as JobResult,
      'collector load: not eligible: no load here',
    ],
    [
      'fails',
      [collectorObject('load')],
      failed('OPSBRO_PLUGIN_FAILED'),
      'collector load: fails: OPSBRO_PLUGIN_FAILED: because',
    ],
    ['yields a key like it', [collectorObject('load')], done({ aa: 1 }), 'did you mean collector.load.aa?'],
    ['yields nothing like it', [collectorObject('load')], done({ value: 1 }), ''],
  ])('tells why a value is missing when its collector %s', async (_what, collectors, answer, reason) => {
    const bench = hostBench();
    const output = 'critical_if: collector.load.a is missing';
    const missing = ['collector.load.a'];
    bench.outcomes.set('p/check/c', { kind: 'verdict', state: 'unknown', output, missing });
    if (answer !== undefined) bench.answers.set('p/collector/load', answer);
    await apply(bench, [...collectors, checkObject('c', ['load'])]);
    await bench.advance(200);
    expect(bench.deps.board.verdicts.get('p/check/c')).toMatchObject({
      missing,
      output: reason === '' ? output : `${output} (${reason})`,
    });
  });

  it('tells that a value is missing since its collector has not ended a run', async () => {
    const bench = hostBench();
    bench.deps.pool.run = () => new Promise(() => undefined);
    const output = 'critical_if: collector.load.a is missing';
    const missing = ['collector.load.a'];
    bench.outcomes.set('p/check/c', { kind: 'verdict', state: 'unknown', output, missing });
    await apply(bench, [collectorObject('load'), checkObject('c', ['load'])]);
    await bench.advance(41_000);
    expect(bench.deps.board.verdicts.get('p/check/c')?.output).toBe(
      `${output} (collector load: has not ended a run yet)`,
    );
  });

  it('does not run what is quarantined, and says why', async () => {
    const bench = hostBench();
    await bench.deps.quarantine.add('collector/bad', 'it killed the agent', 1);
    await apply(bench, [collectorObject('bad')]);
    await bench.advance(100);
    expect(bench.jobs).toEqual([]);
    expect(bench.deps.table.get('p/collector/bad')).toMatchObject({
      state: 'quarantined',
      log: 'it killed the agent',
      hasRun: true,
    });
  });

  it('drops the result of an object that was taken out while it ran', async () => {
    const bench = hostBench();
    let release = (): void => undefined;
    bench.deps.pool.run = () =>
      new Promise((resolve) => {
        release = () => resolve(done({ a: 1 }));
      });
    await apply(bench, [collectorObject('load')]);
    await bench.advance(100);
    await apply(bench, [], { stop: ['p/collector/load'], plugins: null });
    release();
    await bench.advance(100);
    expect(bench.deps.board.samples.size).toBe(0);
  });

  it('restarts a changed object at once and leaves the others on their phase', async () => {
    const bench = hostBench();
    const other = checkObject('other', []);
    await apply(bench, [checkObject('c', []), other]);
    await bench.advance(100);
    const due = bench.deps.scheduler.figures(other.id)?.dueMs;
    bench.rules.length = 0;
    await apply(bench, [], { restart: [checkObject('c', [], { displayName: 'new' })], plugins: null });
    await bench.advance(100);
    expect(bench.rules).toEqual([['p/check/c']]);
    expect(bench.deps.scheduler.figures(other.id)?.dueMs).toBe(due);
  });

  it('makes a check of a quarantined plugin UNKNOWN and says why', async () => {
    const bench = hostBench();
    await bench.deps.quarantine.add('check/nagios', 'it killed the agent', 1);
    const { program: _, ...check } = checkObject('c', [], { plugin: 'check/nagios' });
    await apply(bench, [check]);
    await bench.advance(100);
    expect(bench.deps.board.verdicts.get(check.id)).toMatchObject({
      state: 'unknown',
      output: 'OPSBRO_PLUGIN_QUARANTINED: it killed the agent',
    });
  });

  it('counts a plugin without code as run, so that nobody waits for it', async () => {
    const bench = hostBench();
    await apply(bench, [collectorObject('rule'), checkObject('c', ['rule'])]);
    await bench.advance(200);
    expect(bench.deps.table.get('p/collector/rule')).toMatchObject({ state: 'error', hasRun: true });
    expect(bench.rules).toEqual([['p/check/c']]);
  });

  it('runs an object that came back while its former self still runs, and only after it', async () => {
    const bench = hostBench();
    const release: (() => void)[] = [];
    bench.deps.pool.run = () =>
      new Promise((resolve) => {
        release.push(() => resolve(done({ a: release.length })));
      });
    const object = collectorObject('load');
    await apply(bench, [object]);
    await bench.advance(100);
    await apply(bench, [], { stop: [object.id], plugins: null });
    await apply(bench, [object], { plugins: null });
    await bench.advance(100);
    expect(release).toHaveLength(1);
    release[0]?.();
    await bench.advance(100);
    expect(release).toHaveLength(2);
    expect(bench.deps.board.samples.size).toBe(0);
    release[1]?.();
    await bench.advance(100);
    expect(bench.deps.board.samples.get('load')?.tree).toEqual({ a: 2 });
  });

  it('drops the verdict of a check whose group went while it was evaluated', async () => {
    const bench = hostBench();
    let release = (): void => undefined;
    bench.deps.rules.evaluate = () =>
      new Promise((resolve) => {
        release = () => resolve([{ kind: 'verdict', state: 'critical', output: 'down' }]);
      });
    bench.deps.board.setStaticGroups(['blue'], 1);
    await apply(bench, [checkObject('c', [], { ifGroup: 'blue' })]);
    await bench.advance(100);
    bench.deps.board.setStaticGroups([], 2);
    await linkGroups(bench.deps);
    release();
    await bench.advance(100);
    expect(bench.deps.board.verdicts.size).toBe(0);
    expect(bench.kept.size).toBe(0);
  });

  it('waits for a collector that begins to run here with its check, also long after the start', async () => {
    const bench = hostBench();
    await apply(bench, [
      collectorObject('redis', { ifGroup: 'redis' }),
      checkObject('c', ['redis'], { ifGroup: 'redis' }),
    ]);
    for (const round of [1, 2]) {
      await bench.advance(60_000);
      bench.deps.board.setStaticGroups(['redis'], 1);
      let release = (): void => undefined;
      bench.deps.pool.run = () =>
        new Promise((resolve) => {
          release = () => resolve(done({ a: 1 }));
        });
      await linkGroups(bench.deps);
      bench.rules.length = 0;
      await bench.advance(200);
      expect(bench.rules, `round ${round}`).toEqual([]);
      release();
      await bench.advance(200);
      expect(bench.rules, `round ${round}`).toEqual([['p/check/c']]);
      bench.deps.board.setStaticGroups([], 2);
      await linkGroups(bench.deps);
    }
  });

  it('judges the age of a failing collector’s tree by the monotonic clock', async () => {
    const bench = hostBench();
    const object = collectorObject('load', { intervalMs: 10_000 });
    await apply(bench, [object]);
    await bench.advance(100);
    bench.answers.set(object.id, failed('OPSBRO_PLUGIN_FAILED'));
    bench.clock.stepWall(3_600_000);
    await bench.advance(11_000);
    expect(bench.deps.board.samples.has('load')).toBe(true);
    bench.clock.stepWall(-7_200_000);
    await bench.awake(60);
    expect(bench.deps.board.samples.has('load')).toBe(false);
  });

  it('runs by hand only what runs here', async () => {
    const bench = hostBench();
    await apply(bench, [collectorObject('off', { enabled: false }), collectorObject('on')]);
    expect(await bench.runner.runOnce('p/collector/off')).toBe(false);
    expect(await bench.runner.runOnce('p/collector/none')).toBe(false);
    expect(await bench.runner.runOnce('p/collector/on')).toBe(true);
    expect(bench.jobs.map(({ object }) => object)).toEqual(['p/collector/on']);
  });

  it('takes no result once the agent ends its runs', async () => {
    const bench = hostBench();
    await apply(bench, [checkObject('c', [])]);
    bench.outcomes.set('p/check/c', {
      kind: 'error',
      error: { code: 'OPSBRO_EXPRESSION_KILLED', message: 'the agent stops' },
    });
    bench.deps.table.endRuns();
    await bench.advance(100);
    expect(bench.kept.size).toBe(0);
  });
});
