import type { JsonObject, ServiceContext } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { expect, it, vi } from 'vitest';
import type { Options } from './options.ts';
import { nextLookMs, OwnMetrics } from './own-metrics.ts';

it.each([
  [[], 5000],
  [[10, 60], 5000],
  [[10, 3], 1500],
  [[1, 10], 500],
  [[0.5], 500],
  [[10, null], 5000],
])('looks for the runs of collectors of every %j s after %d ms', (intervals, expected) => {
  expect(nextLookMs(intervals)).toBe(expected);
});

it('asks for checks that ran since it asked last, and each minute for all', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const [asked, taken]: [string[], string[]] = [[], []];
  const check = (name: string, last_run: string): JsonObject => ({
    ...{ id: `web/check/${name}`, name, interval: 1, last_run, perfdata: [{ label: 'used', value: 7 }] },
  });
  const answers = [
    [check('disk', '2026-01-01T00:00:01.000Z'), check('load', '2026-01-01T00:00:03.000Z')],
    [check('load', '2026-01-01T00:00:03.000Z'), check('disk', '2026-01-01T00:00:04.000Z')],
    [check('load', '2026-01-01T00:00:05.000Z')],
  ];
  const ctx = serviceContext<Options>({
    snapshots: { facts: { node: { name: 'web1' } } },
    async ask({ route, query }) {
      if (route === '/api/v1/checks') asked.push(query.measured_since ?? 'all');
      const found = route === '/api/v1/checks' ? answers[asked.length - 1] : [];
      return { status: 200, type: 'application/json', body: Buffer.from(JSON.stringify(found ?? [])) };
    },
  });
  let now = 0;
  const clock = { now: () => Date.UTC(2026, 0, 1, 1) + now, monotonic: () => now };
  const metrics = new OwnMetrics({ ...ctx, clock } as unknown as ServiceContext<Options>, {
    take: (name, time) => taken.push(`${name} ${time}`),
    settle: () => undefined,
    keep: undefined,
  });
  metrics.start();
  for (const [look, at] of [0, 500, 60_000].entries()) {
    now = at;
    await vi.waitFor(() => {
      vi.advanceTimersByTime(5000);
      expect(asked.length).toBeGreaterThan(look);
    });
  }
  await metrics.stop();
  vi.useRealTimers();
  expect(asked.slice(0, 3)).toEqual([
    '1970-01-01T00:00:00.000Z',
    '2026-01-01T00:00:03.000Z',
    '1970-01-01T00:00:00.000Z',
  ]);

  expect(taken).toEqual([
    'web1.checks.disk.used 1767225601',
    'web1.checks.load.used 1767225603',
    'web1.checks.disk.used 1767225604',
    'web1.checks.load.used 1767225605',
  ]);
});

it('misses no run after the wall clock was set back, though other checks ran in what is the future now', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const day = Date.UTC(2026, 0, 1, 12);
  const runs = new Map([
    ['hourly', day],
    ['load', day],
  ]);
  let looks = 0;
  const ctx = serviceContext<Options>({
    snapshots: { facts: { node: { name: 'web1' } } },
    async ask({ route, query }) {
      if (route !== '/api/v1/checks') return { status: 200, type: '', body: Buffer.from('[]') };
      looks += 1;
      const found = [...runs]
        .filter(([, at]) => at >= Date.parse(query.measured_since ?? ''))
        .map(([name, at]) => ({
          ...{ id: `web/check/${name}`, name, interval: 5, last_run: new Date(at).toISOString() },
          perfdata: [{ label: 'used', value: 7 }],
        }));
      return { status: 200, type: '', body: Buffer.from(JSON.stringify(found)) };
    },
  });
  let [wall, monotonic] = [day, 0];
  const taken: number[] = [];
  const metrics = new OwnMetrics(
    { ...ctx, clock: { now: () => wall, monotonic: () => monotonic } } as ServiceContext<Options>,
    {
      take: (name, time) => void (name === 'web1.checks.load.used' && taken.push(time)),
      settle: () => undefined,
      keep: undefined,
    },
  );
  metrics.start();
  const look = async (): Promise<void> => {
    const before = looks;
    await vi.waitFor(() => {
      vi.advanceTimersByTime(5000);
      expect(looks).toBeGreaterThan(before);
    });
  };
  await look();
  wall -= 3_600_000;
  const wanted = [day / 1000];
  for (let turn = 0; turn < 30; turn += 1) {
    wall += 5000;
    monotonic += 5000;
    runs.set('load', wall);
    wanted.push(wall / 1000);
    await look();
  }
  await metrics.stop();
  vi.useRealTimers();
  expect(taken).toEqual(wanted);
});
