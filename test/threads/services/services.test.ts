import type { Json, RouteReply } from 'opsbro/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceHost, ServiceHostParts } from '../../../threads/services/services.ts';
import { entryOf, object, openHost, quick, type Seen } from './service-fixtures.ts';

const hosts: ServiceHost[] = [];

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stopAll()));
});

function open(changes: Partial<ServiceHostParts> = {}): Seen {
  const seen = openHost(changes);
  hosts.push(seen.host);
  return seen;
}

it('stops also what was told to start in the same moment', async () => {
  const { host, states } = open();
  void host.start(entryOf('service-healthy'), object);
  await host.stopAll();
  expect(host.figures()).toEqual([]);
  expect(states).not.toContain('running');
});

it('may still keep what it has not kept when it is told to stop', async () => {
  const kept: unknown[] = [];
  const { host, lines } = open({
    errand: (_plugin, errand) => {
      kept.push(errand);
      return Promise.resolve(null);
    },
  });
  await host.start(entryOf('service-keeps-at-stop'), object);
  await host.stopAll();
  expect(lines).toEqual([]);
  expect(kept).toMatchObject([{ key: 'keeper/last', value: { seen: true } }]);
});

function ask(
  host: ServiceHost,
  body: Json = null,
  deadlineMs = 10_000,
  path = '/api/v1/echo',
): Promise<RouteReply> {
  const route = { route: path, method: 'GET', params: {}, query: {}, body };
  return host.request(object.id, route, deadlineMs);
}

describe('a service', () => {
  it('starts, answers, sends and receives facts, keeps its state and stops', async () => {
    const { host, states, emits, lines, kept } = open();
    host.push('groups', ['linux']);
    host.push('nodes', ['not asked for']);
    await host.start(entryOf('service-healthy'), object);
    expect(states).toEqual(['starting', 'running']);
    expect(await ask(host, { hello: 1 })).toEqual({ status: 200, body: { asked: { hello: 1 }, starts: 1 } });
    host.push('groups', ['linux', 'web']);
    await ask(host);
    expect(emits).toEqual([
      ['echo', ['linux']],
      ['echo', ['linux', 'web']],
    ]);
    expect(lines).toEqual([{ level: 'info', message: 'started' }]);
    expect(host.figures()).toMatchObject([
      { id: object.id, plugin: 'listener/service-healthy', state: 'running', restarts: 0 },
    ]);
    await host.stop(object.id);
    expect(states.slice(2)).toEqual(['stopping', 'stopped']);
    expect(kept.get(object.id)).toEqual({ starts: 1 });
    expect(host.figures()).toEqual([]);
    await host.stop(object.id);
    await host.start(entryOf('service-healthy'), object);
    expect(await ask(host)).toMatchObject({ body: { starts: 2 } });
  });

  it('hands snapshots to services that need them, also to later ones, until it stops', async () => {
    const { host, emits } = open();
    const publisher = entryOf('service-publishes', { publishes: ['nodes'] });
    const reader = { ...object, id: 'local/service/reader' };
    const publish = (topic: string): Promise<RouteReply> => ask(host, { topic, times: 1000 });
    const seen = (): Json => emits.at(-1)?.[1] ?? null;
    await host.start(publisher, object);
    await host.start(entryOf('service-healthy', { needs: ['nodes'] }), reader);
    expect(await publish('groups')).toMatchObject({
      status: 500,
      body: { error: { code: 'OPSBRO_API_DENIED' } },
    });
    expect(host.snapshot('groups')).toBeUndefined();
    await publish('nodes');
    await expect.poll(seen).toEqual({ turn: 999 });
    expect(emits.length).toBeLessThan(1000);
    emits.length = 0;
    await host.start(entryOf('service-healthy', { needs: ['nodes'] }), reader);
    await expect.poll(seen).toEqual({ turn: 999 });
    await host.stop(object.id);
    expect(host.snapshot('nodes')).toBeUndefined();
  });

  it('is heard to the last when all services stop', async () => {
    const { host, emits } = open();
    const told: [string, Json | undefined][] = [];
    host.onPublished = (topic, data) => told.push([topic, data]);
    const reader = { ...object, id: 'local/service/a-reader' };
    await host.start(entryOf('service-healthy', { needs: ['nodes'] }), reader);
    await host.start(entryOf('service-publishes', { publishes: ['nodes'] }), object);
    await ask(host, { topic: 'nodes', times: 1, last: 'good-bye' });
    await host.stopAll();
    expect(emits.map(([, data]) => data)).toEqual([{ turn: 0 }, { last: 'good-bye' }]);
    expect(told).toEqual([
      ['nodes', { turn: 0 }],
      ['nodes', undefined],
    ]);
  });

  it('is replaced by one of the same id, after it stopped', async () => {
    const { host, states } = open();
    await host.start(entryOf('service-healthy'), object);
    await Promise.all([
      host.start(entryOf('service-never-starts'), object),
      host.stop(object.id),
      host.start(entryOf('service-healthy'), object),
    ]);
    expect(states).toEqual(['starting', 'running', 'stopping', 'stopped', 'starting', 'running']);
    expect(await ask(host)).toMatchObject({ status: 200 });
  });

  it('hands the bytes of an answer on without a copy', async () => {
    const { host } = open();
    await host.start(entryOf('service-answers'), object);
    const { body } = await ask(host, null, 10_000, '/bytes');
    expect(body).toEqual(new Uint8Array([0x89, 0x50, 0, 255]));
    expect(await ask(host, null, 10_000, '/left')).toEqual({ status: 200, body: { left: 0 } });
  });

  it('answers 500 when its handler throws, 504 when it is late, 404 and 503 when there is none', async () => {
    const { host } = open();
    expect(await ask(host)).toMatchObject({ status: 404, body: { error: { code: 'OPSBRO_API_NOT_FOUND' } } });
    const starts = host.start(entryOf('service-healthy'), object);
    while (host.figures().length === 0) await Promise.resolve();
    expect(await ask(host)).toMatchObject({ status: 503 });
    await starts;
    expect(await ask(host, { throw: true })).toMatchObject({
      status: 500,
      body: { error: { code: 'OPSBRO_PLUGIN_FAILED', message: 'asked to throw' } },
    });
    expect(await ask(host, { wait: true }, 20)).toMatchObject({
      status: 504,
      body: { error: { code: 'OPSBRO_API_DEADLINE' } },
    });
    const waiting = Array.from({ length: 100 }, () => ask(host, { wait: true }));
    expect(await ask(host)).toMatchObject({ status: 503, body: { error: { code: 'OPSBRO_AGENT_BUSY' } } });
    await host.stop(object.id);
    for (const reply of await Promise.all(waiting)) expect(reply.status).toBe(503);
  });

  it('has its emits bounded, the oldest dropped and counted', async () => {
    const { host, emits } = open();
    await host.start(entryOf('service-healthy'), object);
    const dropped = (): number => host.figures()[0]!.emitsDropped;
    const asked = ask(host, { emit: 3000 });
    // The core takes nothing meanwhile, as where it lags.
    const endMs = performance.now() + 10_000;
    while (dropped() === 0 && performance.now() < endMs);
    await asked;
    await expect.poll(() => dropped() + emits.length).toBe(3000);
    expect(emits.at(-1)).toEqual(['many', 2999]);
    expect(emits.length).toBeLessThan(3000);
  });

  it('stops within its deadline when its stop never ends', async () => {
    const { host, states } = open();
    await host.start(entryOf('service-never-stops'), object);
    await host.stop(object.id);
    expect(states).toEqual(['starting', 'running', 'stopping', 'stopped']);
  });

  it('can be stopped while it starts', async () => {
    const { host, states } = open();
    const starts = host.start(entryOf('service-never-starts'), object);
    await expect.poll(() => states).toEqual(['starting']);
    await host.stop(object.id);
    await starts;
    expect(states).toEqual(['starting', 'stopping', 'stopped']);
  });

  it('never starts when it is stopped before it could', async () => {
    const { host, states } = open();
    await Promise.all([host.start(entryOf('service-never-starts'), object), host.stop(object.id)]);
    expect(states).toEqual([]);
  });
});

describe('a service that fails', () => {
  it.each([
    ['cannot start', 'service-throws-at-start', 'the port is taken'],
    ['dies a moment after it started', 'service-dies-later', 'died of something'],
    ['calls process.exit', 'service-exits', 'process.exit(3)'],
    ['runs out of memory', 'service-exhausts-heap', 'ran out of memory'],
    ['does not exist', 'no-such-service', 'cannot load'],
    ['has no start and stop', 'throws', 'lacks start or stop'],
  ])('is restarted and then given up when it %s', async (_, name, message) => {
    const { host, states, errors } = open();
    await host.start(entryOf(name), object);
    await expect.poll(() => states.at(-1)).toBe('failed');
    expect(states.filter((state) => state === 'starting')).toHaveLength(3);
    expect(states.filter((state) => state === 'backoff')).toHaveLength(2);
    expect(errors.at(-1)).toMatchObject({
      code: 'OPSBRO_PLUGIN_SERVICE_FAILED',
      message: expect.stringContaining(message),
    });
    expect(errors.filter(({ code }) => code === 'OPSBRO_PLUGIN_SERVICE_FAILED')).toHaveLength(1);
    expect(await ask(host)).toMatchObject({ status: 503 });
    await host.stop(object.id);
    await host.stop(object.id);
  });

  it('is told to stop also after a failed start', async () => {
    const { host, states, emits } = open({ limits: { ...quick, failures: 1 } });
    await host.start(entryOf('service-throws-at-start'), object);
    expect(states).toEqual(['starting', 'failed']);
    expect(emits).toEqual([['released', true]]);
  });

  it('comes back and answers again', async () => {
    const { host, states } = open();
    await host.start(entryOf('service-healthy'), object);
    await ask(host, { die: true });
    await expect.poll(() => states.filter((state) => state === 'running').length).toBe(2);
    expect(await ask(host)).toMatchObject({ status: 200 });
    expect(host.figures()).toMatchObject([{ restarts: 1, state: 'running', error: null }]);
  });
});

describe('supervision', () => {
  it('tells when a thread starts and when it is gone, restarts included', async () => {
    const told: string[] = [];
    const { host } = open({
      onThreadStart: (plugin) => told.push(`start ${plugin}`),
      onThreadEnd: (plugin) => told.push(`end ${plugin}`),
    });
    await host.start(entryOf('service-healthy'), object);
    await ask(host, { die: true }, 50);
    const [start, end] = ['start listener/service-healthy', 'end listener/service-healthy'];
    // A dead thread may be gone only after the next one has started.
    await expect.poll(() => [...told].sort()).toEqual([end, start, start]);
    await host.stop(object.id);
    await expect.poll(() => [...told].sort()).toEqual([end, end, start, start]);
  });
});
