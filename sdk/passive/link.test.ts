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
  const troubles: string[] = [];
  const time = { ms: 1_000_000, isAway: false };
  const link = new PassiveLink({
    plugin: 'listener/overc',
    tellsAll,
    ask: async ({ body }) => {
      if (time.isAway) throw new Error('away');
      reports.push(body as unknown as PassiveReport);
      return taken;
    },
    clock: { now: () => time.ms, monotonic: () => time.ms },
    trouble: (message) => troubles.push(message),
  });
  return { link, reports, time, troubles };
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

it('hands checks over until the agent takes it, before what is again by their names', async () => {
  const { link, reports, time } = linked();
  link.tell(check(60), { state: 'critical', output: 'down' });
  await link.flush();
  link.tell(check(60), { state: 'ok', output: 'up' });
  link.handOver(['push/check/web1/app']);
  time.isAway = true;
  await link.flush();
  expect(link.waiting).toBe(1);
  time.isAway = false;
  link.tell(check(60), { state: 'critical', output: 'down' });
  await link.flush();
  const last = reports
    .slice(1)
    .map(({ removed, handed_over: handedOver, results = [] }) => [removed, handedOver, results.length]);
  expect(last).toEqual([
    [[], ['push/check/web1/app'], 0],
    [[], [], 1],
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

it('lets no more than 16 MiB wait of those that count each: the oldest of all go, which is said once', async () => {
  const { link, reports, time, troubles } = linked(true);
  const checks = Array.from({ length: 100 }, (_, index) => ({
    ...check(60),
    id: `push/check/web1/${index}`,
  }));
  const tell = (number: number) => {
    for (const each of checks)
      link.tell(each, { state: 'critical', output: `${number} `.padEnd(16_384, 'x') });
  };
  time.isAway = true;
  for (let number = 0; number < 6; number += 1) tell(number);
  await link.flush();
  for (let number = 6; number < 12; number += 1) tell(number);
  await link.flush();
  // 1024 of 1200 have room.
  expect(link.dropped).toBe(176);
  expect(troubles).toEqual([
    'the agent does not take reports: away',
    '16 MiB of results wait for the agent: the oldest are dropped',
  ]);
  link.forget([checks[99]?.id ?? '']);
  time.isAway = false;
  await link.flush();
  const told = reports.flatMap(({ results = [] }) => results);
  const of = (index: number) =>
    told.filter((one) => one.check === checks[index]?.id).map(({ output }) => Number.parseInt(output, 10));
  expect([of(0), of(98), of(99)]).toEqual([
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    [],
  ]);
  const sizes = reports.map(({ results = [] }) =>
    results.reduce((sum, { output }) => sum + output.length, 0),
  );
  expect(Math.max(...sizes)).toBeLessThan(2 * 1024 * 1024);
  expect([link.waiting, link.dropped]).toEqual([0, 176]);
});

it('loses no last state of those that tell what changes, however long', async () => {
  const { link, reports, troubles } = linked();
  const count = 300;
  for (let index = 0; index < count; index += 1)
    link.tell({ ...check(60), id: `push/check/web1/${index}` }, { state: 'ok', output: 'x'.repeat(65_536) });
  await link.flush();
  expect(reports.flatMap(({ results = [] }) => results)).toHaveLength(count);
  expect([troubles, link.dropped]).toEqual([[], 0]);
});

it('makes a check only to tell of it, and defines it again where it became another meanwhile', async () => {
  const reports: PassiveReport[] = [];
  let answer = (): void => undefined;
  const link = new PassiveLink({
    plugin: 'listener/overc',
    ask: async ({ body }) => {
      reports.push(body as unknown as PassiveReport);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return taken;
    },
    clock: { now: () => 0, monotonic: () => 0 },
    trouble: () => undefined,
  });
  const service = { period: 60 };
  let made = 0;
  const make = ({ period }: typeof service) => {
    made += 1;
    return check(period);
  };
  const tell = (state: 'ok' | 'warning') => link.tellOf(service, service.period, make, { state, output: '' });
  tell('ok');
  tell('ok');
  const flushed = link.flush();
  await expect.poll(() => reports.length).toBe(1);
  service.period = 30;
  tell('warning');
  answer();
  await expect.poll(() => reports.length).toBe(2);
  answer();
  await flushed;
  tell('warning');
  expect(
    reports.map(({ checks = [], results = [] }) => [checks.map(({ interval }) => interval), results.length]),
  ).toEqual([
    [[60], 1],
    [[30], 1],
  ]);
  expect([made, link.waiting]).toEqual([2, 0]);
  link.forget(['push/check/web1/app'], [service]);
  tell('warning');
  expect(link.waiting).toBe(2);
});
