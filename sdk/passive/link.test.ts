import type { PassiveReport, RouteAnswer } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { PassiveLink } from './link.ts';

const check = (interval: number) => ({
  ...{ id: 'push/check/web1/app', name: 'web1/app', display_name: 'web1 app', interval },
  ...{ labels: {}, policy: {} },
});
const taken: RouteAnswer = { status: 200, type: 'application/json', body: new Uint8Array() };

function linked(tellsAll = false) {
  const reports: PassiveReport[] = [];
  const time = { ms: 1_000_000 };
  const link = new PassiveLink({
    plugin: 'listener/overc',
    tellsAll,
    ask: async ({ body }) => {
      reports.push(body as unknown as PassiveReport);
      return taken;
    },
    clock: { now: () => time.ms, monotonic: () => time.ms },
    trouble: () => undefined,
  });
  return { link, reports, time };
}

it('tells of a removal before what is again by that name', async () => {
  const { link, reports } = linked();
  link.tell(check(60), { state: 'ok', output: 'up' });
  await link.flush();
  link.forget(['push/check/web1/app']);
  link.tell(check(60), { state: 'ok', output: 'up' });
  await link.flush();
  const last = reports.slice(1).map(({ removed = [], checks = [] }) => [removed.length, checks.length]);
  expect(last).toEqual([
    [1, 0],
    [0, 1],
  ]);
});

it.each([
  [5, 10],
  [40, 20],
  [3600, 30],
])('tells again what is expected every %d s and stays after %d s', async (interval, seconds) => {
  const { link, reports, time } = linked();
  const same = check(interval);
  const tell = async (): Promise<void> => {
    link.tell(same, { state: 'ok', output: 'up' });
    await link.flush();
  };
  await tell();
  time.ms += seconds * 1000 - 1;
  await tell();
  expect(reports).toHaveLength(1);
  time.ms += 1;
  await tell();
  expect(reports).toHaveLength(2);
});

it('tells all of those that count each, the last twenty while nobody takes them', async () => {
  const { link, reports } = linked(true);
  const same = check(60);
  for (let number = 1; number <= 25; number += 1)
    link.tell(same, { state: 'critical', output: `trap ${number}` });
  await link.flush();
  expect(reports[0]?.results?.map(({ output }) => output)).toEqual(
    Array.from({ length: 20 }, (_, index) => `trap ${index + 6}`),
  );
  link.tell(same, { state: 'critical', output: 'trap 25' });
  await link.flush();
  expect(reports[1]).toMatchObject({ checks: [], results: [{ state: 'critical', output: 'trap 25' }] });
});
