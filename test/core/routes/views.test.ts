import type { JsonObject } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import { checkView, collectorView, pluginFacts, pluginView } from '../../../core/routes/views.ts';
import type { ServiceFigures } from '../../../threads/services/services.ts';
import {
  checkObject,
  collectorObject,
  failed,
  type HostBench,
  handlerObject,
  hostBench,
  plan,
  pluginEntry,
} from '../host/host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };
const cache = { invalidate: () => undefined };

async function running(...args: Parameters<typeof plan>): Promise<HostBench> {
  const bench = hostBench();
  await applyPlan(bench.deps, loader, cache, plan(...args));
  await bench.advance(100);
  return bench;
}

function view(bench: HostBench, id: string, services: ServiceFigures[] = [], penalised: string[] = []) {
  return pluginView(pluginFacts(bench.deps, services, new Set(penalised)), pluginEntry(id), true);
}

function service(more: Partial<ServiceFigures>): ServiceFigures {
  return {
    id: 'p/service/statsd',
    plugin: 'listener/statsd',
    state: 'running',
    error: null,
    restarts: 0,
    heapUsedBytes: 100,
    externalBytes: 0,
    emitsDropped: 0,
    ...more,
  };
}

describe('pluginView', () => {
  it('shows every figure of a plugin over all its objects', async () => {
    const bench = hostBench();
    const [first, second] = [collectorObject('a'), collectorObject('b', { plugin: 'collector/a' })];
    await applyPlan(bench.deps, loader, cache, plan([first, second]));
    bench.answers.set(second.id, {
      ...failed('OPSBRO_PLUGIN_TIMEOUT'),
      durationMs: 1250.123,
      heapUsedBytes: 0,
    });
    await bench.advance(100);
    expect(view(bench, 'collector/a')).toMatchObject({
      id: 'collector/a',
      kind: 'collector',
      state: 'error',
      runs: 2,
      errors: 1,
      timeouts: 1,
      restarts: 1,
      skipped: 0,
      late: 0,
      p99_ms: 1250.12,
      heap_bytes: 1,
      objects: [first.id, second.id],
    });
  });

  it('shows nothing of what an object came to that is gone', async () => {
    const bench = await running([handlerObject('mail', { plugin: 'handler/mail' })]);
    bench.deps.registry.counter('handler/mail').ran(5, 'OPSBRO_HOST_DELIVERY');
    expect(view(bench, 'handler/mail')).toMatchObject({ state: 'error', log: 'OPSBRO_HOST_DELIVERY' });
    await applyPlan(bench.deps, loader, cache, plan([], { stop: ['p/handler/mail'], plugins: null }));
    expect(view(bench, 'handler/mail')).toMatchObject({ state: 'idle', log: '', runs: 1, errors: 1 });
  });

  it('counts what was skipped', async () => {
    const bench = hostBench();
    bench.deps.pool.run = () => new Promise(() => undefined);
    await applyPlan(bench.deps, loader, cache, plan([collectorObject('a', { intervalMs: 1000 })]));
    await bench.advance(5000);
    expect(view(bench, 'collector/a').skipped).toBeGreaterThanOrEqual(4);
  });

  it.each<[Partial<ServiceFigures>, JsonObject]>([
    [{}, { state: 'ok', log: '', restarts: 0, heap_bytes: 100, objects: ['p/service/statsd'] }],
    [
      { state: 'backoff', restarts: 3, error: { code: 'OPSBRO_PLUGIN_EXITED', message: 'its thread ended' } },
      { state: 'backing-off', log: 'OPSBRO_PLUGIN_EXITED: its thread ended', restarts: 3 },
    ],
    [
      { state: 'failed', error: { code: 'OPSBRO_PLUGIN_SERVICE_FAILED', message: 'died 8 times' } },
      { state: 'failed', log: 'OPSBRO_PLUGIN_SERVICE_FAILED: died 8 times' },
    ],
  ])('shows a service that is %j', async (figures, expected) => {
    const bench = await running([]);
    expect(view(bench, 'listener/statsd', [service(figures)])).toMatchObject(expected);
  });

  it('says what happened to handlers and functions, which have no object of their own that runs', async () => {
    const bench = await running([handlerObject('log')]);
    expect(view(bench, 'handler/log').state).toBe('idle');
    bench.deps.registry.counter('handler/log').ran(3, null, 10);
    expect(view(bench, 'handler/log').state).toBe('ok');
    bench.deps.registry.counter('handler/log').ran(3, 'OPSBRO_PLUGIN_FAILED', 10);
    expect(view(bench, 'handler/log')).toMatchObject({ state: 'error', log: 'OPSBRO_PLUGIN_FAILED' });
  });

  it('tells quarantine and penalty before all else', async () => {
    const bench = await running([collectorObject('a')]);
    expect(view(bench, 'collector/a', [], ['collector/a']).state).toBe('penalty');
    await bench.deps.quarantine.add('collector/a', 'why', 1);
    expect(view(bench, 'collector/a', [], ['collector/a'])).toMatchObject({
      state: 'quarantined',
      log: 'why',
    });
  });
});

describe('collectorView', () => {
  it.each<[Parameters<typeof collectorObject>[1], JsonObject]>([
    [{}, { state: 'ok', active: true, metrics: 1, log: '' }],
    [{ enabled: false }, { state: 'disabled', active: false, metrics: 0, next_run: null }],
    [
      { ifGroup: 'blue' },
      { state: 'not-eligible', active: false, log: "this host is not in group 'blue'", next_run: null },
    ],
  ])('shows a collector with %j', async (more, expected) => {
    const bench = await running([collectorObject('a', more)]);
    const [runtime] = bench.deps.table.of('collector');
    if (runtime === undefined) throw new Error('no collector');
    expect(collectorView(bench.deps, runtime, false)).toMatchObject(expected);
  });
});

describe('checkView', () => {
  it('shows a check before its first verdict, and after', async () => {
    const bench = hostBench();
    await applyPlan(bench.deps, loader, cache, plan([checkObject('c', [])]));
    const [runtime] = bench.deps.table.of('check');
    if (runtime === undefined) throw new Error('no check');
    expect(checkView(bench.deps, runtime)).toMatchObject({ state: 'pending', since: null, last_run: null });
    await bench.advance(100);
    expect(checkView(bench.deps, runtime)).toMatchObject({
      state: 'ok',
      output: 'fine',
      since: new Date(bench.deps.board.verdicts.get('p/check/c')?.since ?? 0).toISOString(),
    });
  });
});
