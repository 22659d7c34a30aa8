import type { Json } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import type { ServiceObject } from '../../../configuration/model.ts';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import { ServiceLinks } from '../../../core/host/service-links.ts';
import type { ServiceHost } from '../../../threads/services/services.ts';
import { node, snapshot } from '../../alerting/nodes/sample-nodes.ts';
import { hostBench, plan, pluginEntry, serviceObject } from './host-bench.ts';

const loader = { put: () => undefined, delete: () => undefined };
const cache = { invalidate: () => undefined };

async function link(objects: ServiceObject[]) {
  const bench = hostBench();
  const calls: string[] = [];
  const host = {
    start: async (_: unknown, { id, digest }: ServiceObject) => void calls.push(`start ${id} ${digest}`),
    stop: async (id: string) => void calls.push(`stop ${id}`),
    push: (topic: string, groups: unknown) => void calls.push(`push ${topic} ${groups}`),
    request: async (id: string, request: object) => ({ status: 200, body: { id, ...request } }),
  } as unknown as ServiceHost;
  const links = new ServiceLinks(bench.deps, host);
  const entry = pluginEntry('listener/statsd');
  const route = { method: 'GET' as const, path: '/api/v1/statsd', scope: 'read' as const };
  const plugins = [{ ...entry, manifest: { ...entry.manifest, routes: [route] } }];
  await applyPlan(bench.deps, loader, cache, plan(objects, { plugins }));
  const reconcile = (): string[] => {
    calls.length = 0;
    links.reconcile();
    return calls.filter((call) => !call.startsWith('push'));
  };
  const publish = (topic: string, data: unknown): void => host.onPublished?.(topic, data as Json);
  return { bench, calls, links, reconcile, plugins, publish };
}

const starts = (calls: string[]): string[] => calls.filter((call) => call.startsWith('start'));

const statsd = (more: Partial<ServiceObject> = {}): ServiceObject => serviceObject('statsd', more);

describe('service links', () => {
  it('starts a service once, again when it changed, and stops it when it is gone', async () => {
    const { bench, reconcile } = await link([statsd()]);
    expect(reconcile()).toEqual(['start p/service/statsd d']);
    expect(reconcile()).toEqual([]);
    const restart = [statsd({ digest: 'e' })];
    await applyPlan(bench.deps, loader, cache, plan([], { restart, plugins: null }));
    expect(reconcile()).toEqual(['start p/service/statsd e']);
    await applyPlan(bench.deps, loader, cache, plan([], { stop: ['p/service/statsd'], plugins: null }));
    expect(reconcile()).toEqual(['stop p/service/statsd']);
  });

  it('follows its group, and tells the groups', async () => {
    const { bench, calls, reconcile } = await link([statsd({ enabledIfGroup: 'blue' })]);
    expect(reconcile()).toEqual([]);
    bench.deps.board.setStaticGroups(['blue'], 1);
    expect(reconcile()).toEqual(['start p/service/statsd d']);
    expect(calls).toContain('push groups blue');
    bench.deps.board.setStaticGroups([], 1);
    expect(reconcile()).toEqual(['stop p/service/statsd']);
  });

  it('hands facts to who needs them: at once with the groups, within a second when a check changes', async () => {
    const { bench, calls, links, plugins } = await link([statsd()]);
    const pushes = (): string[] => calls.filter((call) => call.startsWith('push facts'));
    Object.assign(bench.deps, {
      facts: () => ({ now: 1, node: {}, groups: bench.deps.board.groups }),
    });
    links.reconcile();
    expect(pushes()).toEqual([]);
    const needing = plugins.map((entry) => ({ ...entry, manifest: { ...entry.manifest, needs: ['facts'] } }));
    await applyPlan(bench.deps, loader, cache, plan([], { plugins: needing }));
    links.reconcile();
    expect(pushes()).toHaveLength(1);
    bench.deps.bus.publish('verdict', {} as never);
    await bench.advance(900);
    expect(pushes()).toHaveLength(1);
    await bench.advance(300);
    expect(pushes()).toHaveLength(2);
  });

  it('starts nothing that is off, has no code or is quarantined', async () => {
    expect((await link([statsd({ enabled: false })])).reconcile()).toEqual([]);
    expect((await link([statsd({ plugin: 'listener/none' })])).reconcile()).toEqual([]);
    const { bench, reconcile } = await link([statsd()]);
    await bench.deps.quarantine.add('listener/statsd', 'why', 1);
    expect(reconcile()).toEqual([]);
    await bench.deps.quarantine.release('listener/statsd');
    expect(reconcile()).toEqual(['start p/service/statsd d']);
  });

  it('has people told of the cluster a little later, or when the agent stops', async () => {
    const { bench, links, publish } = await link([]);
    const told: string[] = [];
    bench.deps.notifications.announce = async ({ summary }) => void told.push(summary);
    const here = node('here');
    publish('nodes', snapshot(here));
    publish('nodes', snapshot(here, node('web')));
    expect(told).toEqual([]);
    await bench.advance(3000);
    expect(told).toEqual(['node web is new (zone paris)']);
    publish('nodes', snapshot(here, node('web', { state: 'dead' })));
    links.stop();
    expect(told).toHaveLength(2);
  });

  it('starts suspects one after the other, and believes each after ten seconds', async () => {
    const other = serviceObject('graphite', { plugin: 'listener/graphite' });
    const { bench, links, calls, plugins } = await link([statsd(), other]);
    const entry = pluginEntry('listener/graphite');
    await applyPlan(bench.deps, loader, cache, plan([], { plugins: [...plugins, entry] }));
    const { quarantine } = bench.deps;
    await quarantine.accuse(['listener/statsd', 'listener/graphite'], 'abort', 1);
    links.reconcile();
    links.reconcile();
    await bench.advance(9000);
    expect(starts(calls)).toEqual(['start p/service/statsd d']);
    await bench.advance(1100);
    expect(quarantine.isSuspect('listener/statsd')).toBe(false);
    expect(starts(calls)).toEqual(['start p/service/statsd d', 'start p/service/graphite d']);
    expect(quarantine.isSuspect('listener/graphite')).toBe(true);
    links.stop();
    await bench.advance(10_000);
    expect(quarantine.isSuspect('listener/graphite')).toBe(true);
  });

  it('gives the routes of what runs, and takes requests to it', async () => {
    const { bench, links } = await link([statsd()]);
    const [route] = links.routes();
    expect(route).toMatchObject({ method: 'GET', path: '/api/v1/statsd', scope: 'read' });
    expect(await route?.handle({ params: {}, query: {}, body: null })).toMatchObject({
      body: { id: 'p/service/statsd', route: '/api/v1/statsd', method: 'GET' },
    });
    await applyPlan(bench.deps, loader, cache, plan([], { stop: ['p/service/statsd'], plugins: null }));
    expect(links.routes()).toEqual([]);
  });
});
