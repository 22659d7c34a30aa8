import { expect, it } from 'vitest';
import type { RouteAnswer } from '../define.ts';
import { serviceContext } from '../testing/service-context.ts';
import type { Json } from '../values.ts';
import { PassiveInbox, type PassiveOptions } from './inbox.ts';
import type { PassiveReport } from './report.ts';

const defaults: PassiveOptions = { max_checks: 3, forget: '30d', default_handlers: [], services: [] };

async function opened(options: Partial<PassiveOptions> = {}, checks: Json[] = []) {
  const reports: PassiveReport[] = [];
  const time = { wallMs: Date.UTC(2026, 0, 1), ms: 1_000_000 };
  const ctx = serviceContext<PassiveOptions>({
    options: { ...defaults, ...options },
    ask: async ({ route, body }): Promise<RouteAnswer> => {
      if (route === '/api/v1/passive') reports.push(body as unknown as PassiveReport);
      const answer = Buffer.from(JSON.stringify(route === '/api/v1/checks' ? checks : {}));
      return { status: 200, type: 'application/json', body: answer };
    },
  });
  const clock = { now: () => time.wallMs, monotonic: () => time.ms };
  const inbox = new PassiveInbox({ ...ctx, clock }, 'nsca');
  await inbox.open();
  const advance = (seconds: number): void => {
    for (let left = seconds; left > 0; left -= 5) {
      const stepMs = Math.min(5, left) * 1000;
      time.ms += stepMs;
      time.wallMs += stepMs;
      inbox.pass();
    }
  };
  const told = async () => {
    await inbox.close();
    return reports.flatMap(({ results = [] }) =>
      results.map(({ check, state, output }) => [check, state, output]),
    );
  };
  return { inbox, reports, time, advance, told, ctx };
}

it('makes a check of each name, and tells every result as it stands', async () => {
  const { inbox, reports, told } = await opened({
    default_handlers: ['tell'],
    services: [{ match: 'web*/disk', attempts: 3, handlers: [], labels: { team: 'ops' } }],
  });
  expect(inbox.take({ host: 'web1', service: 'disk', code: 1, output: '93%|/=93%\\nlong \\\\n' })).toBe(true);
  inbox.take({ host: 'web1', service: 'disk', code: 1, output: '94%' });
  inbox.take({ host: 'a/b', service: null, code: 2, output: 'unreachable' });
  inbox.take({ host: ' c ', service: ' trap ', code: 7, output: '' });
  expect(await told()).toEqual([
    ['nsca/check/web1/disk', 'warning', '93%|/=93%\nlong \\n'],
    ['nsca/check/web1/disk', 'warning', '94%'],
    ['nsca/check/a%2Fb', 'critical', 'unreachable'],
    ['nsca/check/c/trap', 'unknown', ''],
  ]);
  expect(reports[0]).toMatchObject({
    plugin: 'listener/nsca',
    checks: [
      {
        ...{ id: 'nsca/check/web1/disk', name: 'web1/disk', display_name: 'web1 disk', interval: null },
        labels: { host: 'web1', service: 'disk', team: 'ops' },
        policy: { attempts: 3, handlers: [] },
      },
    ],
  });
  expect(reports.flatMap(({ checks = [] }) => checks)[1]).toMatchObject({
    ...{ name: 'a/b', labels: { host: 'a/b' }, policy: { handlers: ['tell'] } },
  });
});

it('knows no more checks than it may, and no names that are none', async () => {
  const { inbox, told, ctx } = await opened();
  const take = (host: string, service: string) => inbox.take({ host, service, code: 0, output: 'up' });
  expect([take('', 'a'), take('h', ' '), take('h'.repeat(256), 'a'), take('h', 'a\nb')]).toEqual(
    Array(4).fill(false),
  );
  expect(['a', 'b', 'c', 'd', 'e', 'a'].map((name) => take('h', name))).toEqual([
    ...[true, true, true, false, false, true],
  ]);
  expect(await told()).toHaveLength(4);
  expect(inbox.figures()).toMatchObject({ checks: 3, results: { taken: 4, full: 2, unnamed: 4 } });
  expect(ctx.logs.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

it('tells once that a result did not come, and not for a time in which itself stood still', async () => {
  const { inbox, advance, time, told } = await opened({
    services: [{ match: 'web1/backup', freshness: '60s' }],
  });
  const take = () => inbox.take({ host: 'web1', service: 'backup', code: 0, output: 'done | x=1' });
  take();
  inbox.take({ host: 'web1', service: 'other', code: 0, output: 'up' });
  advance(60);
  take();
  time.ms += 3_600_000;
  advance(60);
  expect((await told()).map(([, state]) => state)).toEqual(['ok', 'ok', 'ok']);
  advance(120);
  expect((await told()).slice(3)).toEqual([
    ['nsca/check/web1/backup', 'critical', 'no result within 60s; the last one was ok: done'],
  ]);
  take();
  expect((await told()).at(-1)).toEqual(['nsca/check/web1/backup', 'ok', 'done | x=1']);
});

it('goes on with what an earlier agent knew, which may be late a whole period later, and forgotten a whole time later', async () => {
  const earlier = (name: string, days: number) => ({
    id: `nsca/check/${name}`,
    last_run: new Date(Date.UTC(2026, 0, 1) - days * 86_400_000).toISOString(),
  });
  const { advance, reports, told, inbox } = await opened(
    { forget: '10m', services: [{ match: 'a/b/job', freshness: '60s' }] },
    [
      earlier('a%2Fb/job', 1),
      earlier('old', 31),
      // As the wall clock was before it was set.
      earlier('ahead', -400),
      { id: 'linux/check/x', last_run: null },
    ],
  );
  const removed = () => reports.flatMap(({ removed: gone = [] }) => gone);
  advance(60);
  expect(await told()).toEqual([]);
  advance(500);
  expect(await told()).toEqual([['nsca/check/a%2Fb/job', 'critical', 'no result within 60s']]);
  inbox.take({ host: 'ahead', service: null, code: 0, output: 'up' });
  advance(40);
  await told();
  expect(removed()).toEqual([]);
  advance(5);
  await told();
  expect(removed()).toEqual(['nsca/check/a%2Fb/job', 'nsca/check/old']);
  expect(inbox.figures()).toMatchObject({ checks: 1 });
});
