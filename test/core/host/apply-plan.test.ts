import { describe, expect, it } from 'vitest';
import type { ConfigPlan } from '../../../configuration/model.ts';
import { applyPlan, linkGroups } from '../../../core/host/apply-plan.ts';
import { initialSettings } from '../../../core/host/settings.ts';
import {
  checkObject,
  collectorObject,
  detectorObject,
  type HostBench,
  handlerObject,
  hostBench,
  plan,
  pluginEntry,
} from './host-bench.ts';

interface Calls {
  put: string[];
  deleted: string[];
  invalidated: string[];
}

async function apply(
  bench: HostBench,
  objects: ConfigPlan['start'],
  more: Partial<ConfigPlan> = {},
): Promise<Calls> {
  const calls: Calls = { put: [], deleted: [], invalidated: [] };
  const rules = {
    put: (programs: { id: string }[]) => void calls.put.push(...programs.map(({ id }) => id)),
    delete: (ids: string[]) => void calls.deleted.push(...ids),
  };
  const code = { invalidate: (plugin: string) => void calls.invalidated.push(plugin) };
  await applyPlan(bench.deps, rules, code, plan(objects, more));
  return calls;
}

describe('applyPlan', () => {
  it('loads the rules of what starts and restarts, and unloads those of what stops', async () => {
    const bench = hostBench();
    await apply(bench, [checkObject('old', [])]);
    const calls = await apply(bench, [checkObject('new', []), collectorObject('load')], {
      restart: [detectorObject('find', [])],
      stop: ['p/check/old'],
    });
    expect(calls.put).toEqual(['p/check/new', 'p/detector/find']);
    expect(calls.deleted).toEqual(['p/check/old']);
  });

  it('loads changed code anew and leaves the rest alone', async () => {
    const bench = hostBench();
    const objects = [collectorObject('a'), collectorObject('b')];
    await apply(bench, objects);
    const plugins = [{ ...pluginEntry('collector/a'), digest: 'changed' }, pluginEntry('collector/b')];
    expect((await apply(bench, [], { plugins })).invalidated).toEqual(['collector/a']);
    expect((await apply(bench, [], { plugins: [plugins[0] as (typeof plugins)[0]] })).invalidated).toEqual([
      'collector/b',
    ]);
  });

  it('forgets all that a stopped object found, also in the store', async () => {
    const bench = hostBench();
    bench.outcomes.set('p/detector/find', { kind: 'groups', matched: true, groups: ['blue'] });
    const objects = [collectorObject('load'), checkObject('c', []), detectorObject('find', [])];
    await apply(bench, objects);
    await bench.advance(200);
    const { board, states } = bench.deps;
    states.set('p/collector/load', { seen: 1 });
    expect([...bench.kept.keys()].sort()).toEqual(['check/p/check/c', 'detected/p/detector/find']);
    await apply(bench, [], { stop: objects.map(({ id }) => id) });
    expect(bench.kept.size).toBe(0);
    expect([board.samples.size, board.verdicts.size, board.groups.length]).toEqual([0, 0, 0]);
    expect(states.get('p/collector/load')).toEqual({});
    expect(bench.deps.table.all()).toEqual([]);
  });

  it('keeps the memory and the verdict of an object that changed', async () => {
    const bench = hostBench();
    await apply(bench, [checkObject('c', [])]);
    await bench.advance(100);
    const since = bench.deps.board.verdicts.get('p/check/c')?.since;
    bench.deps.states.set('p/check/c', { seen: 1 });
    await apply(bench, [], { restart: [checkObject('c', [], { displayName: 'other' })] });
    await bench.advance(100);
    expect(bench.deps.board.verdicts.get('p/check/c')?.since).toBe(since);
    expect(bench.deps.states.get('p/check/c')).toEqual({ seen: 1 });
  });

  it('keeps a collector’s tree when the object that took its name is the one that stays', async () => {
    const bench = hostBench();
    const shipped = collectorObject('load');
    const own = collectorObject('load', { id: 'local/collector/load', pack: 'local' });
    await apply(bench, [shipped]);
    await apply(bench, [own], { stop: [shipped.id] });
    await bench.advance(100);
    expect(bench.deps.table.collector('LOAD')?.object.id).toBe(own.id);
    expect(bench.deps.board.samples.has('load')).toBe(true);
  });

  it('takes the groups of agent.yml, and leaves them when it is bad', async () => {
    const bench = hostBench();
    await apply(bench, [], { agent: { ...initialSettings, groups: ['b', 'a', 'b'] } });
    expect(bench.deps.board.groups).toEqual(['a', 'b']);
    await apply(bench, [], { agent: null });
    expect(bench.deps.board.groups).toEqual(['a', 'b']);
  });

  it('keeps and takes out what is not scheduled', async () => {
    const bench = hostBench();
    await apply(bench, [handlerObject('log')]);
    expect(bench.deps.table.handlers()).toHaveLength(1);
    await apply(bench, [], { stop: ['p/handler/log', 'p/check/unknown'] });
    expect(bench.deps.table.handlers()).toEqual([]);
  });
});

describe('linkGroups', () => {
  it('takes the groups of a detector that is switched off, also when an earlier agent found them', async () => {
    const bench = hostBench();
    const { board } = bench.deps;
    board.setDetected('p/detector/find', ['blue'], 1);
    bench.kept.set('detected/p/detector/find', ['blue']);
    await apply(bench, [detectorObject('find', [], { enabled: false })]);
    expect(board.groups).toEqual([]);
    expect(bench.kept.size).toBe(0);
  });

  it('takes the verdict of a check that does not run here out of the store', async () => {
    const bench = hostBench();
    bench.deps.board.setStaticGroups(['blue'], 1);
    await apply(bench, [checkObject('c', [], { ifGroup: 'blue' })]);
    await bench.advance(100);
    expect(bench.kept.has('check/p/check/c')).toBe(true);
    bench.deps.board.setStaticGroups([], 1);
    await linkGroups(bench.deps);
    expect(bench.kept.size).toBe(0);
    expect(bench.deps.board.verdicts.size).toBe(0);
  });

  it('says why a collector does not run here', async () => {
    const bench = hostBench();
    await apply(bench, [
      collectorObject('redis', { ifGroup: 'redis' }),
      collectorObject('off', { enabled: false }),
      collectorObject('always', { ifGroup: '*' }),
    ]);
    await bench.advance(100);
    const states = [...bench.deps.table.runtimes()].map(({ settled, log }) => [settled, log]);
    expect(states).toEqual([
      ['not-eligible', "this host is not in group 'redis'"],
      ['disabled', ''],
      ['ok', ''],
    ]);
  });
});
