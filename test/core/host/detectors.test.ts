import { describe, expect, it } from 'vitest';
import { applyPlan, linkGroups } from '../../../core/host/apply-plan.ts';
import {
  checkObject,
  collectorObject,
  detectorObject,
  done,
  failed,
  type HostBench,
  hostBench,
  notEligible,
  plan,
} from './host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };
const cache = { invalidate: () => undefined };

async function apply(bench: HostBench, ...args: Parameters<typeof plan>): Promise<void> {
  await applyPlan(bench.deps, loader, cache, plan(...args));
}

describe('a detector', () => {
  it('gives groups while a detector matches and runs checks of that group', async () => {
    const bench = hostBench();
    bench.deps.bus.subscribe('groups', () => linkGroups(bench.deps));
    const id = 'p/detector/find';
    bench.outcomes.set(id, { kind: 'groups', matched: true, groups: ['blue'] });
    await apply(bench, [
      detectorObject('find', [], { intervalMs: 1000 }),
      checkObject('c', [], { ifGroup: 'blue' }),
    ]);
    await bench.advance(200);
    expect(bench.deps.board.groups).toEqual(['blue']);
    expect(bench.rules).toContainEqual(['p/check/c']);
    bench.outcomes.set(id, { kind: 'groups', matched: false, groups: [] });
    await bench.advance(1200);
    expect(bench.deps.board.groups).toEqual([]);
    expect(bench.deps.board.verdicts.has('p/check/c')).toBe(false);
  });

  it('keeps the groups of a detector that cannot tell, however long, and calls them late', async () => {
    const bench = hostBench();
    const object = detectorObject('find', [], { intervalMs: 1000 });
    const error = { code: 'OPSBRO_EXPRESSION_KILLED', message: 'because' };
    bench.outcomes.set(object.id, { kind: 'groups', matched: true, groups: ['blue'] });
    await apply(bench, [object]);
    await bench.advance(200);
    bench.outcomes.set(object.id, { kind: 'groups', matched: false, groups: [], error });
    await bench.advance(2000);
    const runtime = bench.deps.table.get(object.id)!;
    expect(runtime).toMatchObject({ state: 'error', matched: null });
    expect(bench.runner.isLate(runtime)).toBe(false);
    await bench.awake(40);
    expect(bench.runner.isLate(runtime)).toBe(true);
    expect(bench.deps.board.groups).toEqual(['blue']);
    bench.outcomes.set(object.id, { kind: 'groups', matched: false, groups: [] });
    await bench.advance(1000);
    expect(bench.deps.board.groups).toEqual([]);
    expect(bench.kept.has(`detected/${object.id}`)).toBe(false);
  });

  it.each([
    ['fails', failed('OPSBRO_PLUGIN_TIMEOUT'), ['blue'], 'fails: OPSBRO_PLUGIN_TIMEOUT'],
    ['has nothing to do here', notEligible('no such kernel'), [], ''],
    ['has other keys', done({ other: 1 }), [], ''],
  ])('tells of a value that is missing since its collector %s', async (_, answer, groups, why) => {
    const bench = hostBench();
    const collector = collectorObject('load', { intervalMs: 1000 });
    const object = detectorObject('find', ['load'], { intervalMs: 1000 });
    bench.outcomes.set(object.id, { kind: 'groups', matched: true, groups: ['blue'] });
    await apply(bench, [collector, object]);
    await bench.advance(200);
    expect(bench.deps.board.groups).toEqual(['blue']);
    bench.answers.set(collector.id, answer);
    const [missing] = (object.program?.references ?? []).map(({ text }) => text);
    bench.outcomes.set(object.id, { kind: 'groups', matched: false, groups: [], missing: [missing!] });
    await bench.advance(2000);
    expect(bench.deps.board.groups).toEqual(groups);
    expect(bench.deps.table.get(object.id)?.log).toContain(why);
  });
});
