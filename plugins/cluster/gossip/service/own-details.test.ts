import type { CheckFact } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { OwnDetails } from './own-details.ts';

const check = (changes: Partial<CheckFact> = {}): CheckFact =>
  ({
    id: 'linux/check/load',
    name: 'load',
    pack: 'linux',
    state: 'ok',
    hard: true,
    since: 5,
    output: 'load is 1',
    perfdata: 'load=1',
    labels: { team: 'web' },
    ...changes,
  }) as CheckFact;

function details(live = 3) {
  const time = new VirtualTime();
  let moved = 0;
  const clock = { now: () => 1_000_000 + time.now(), monotonic: () => time.now() };
  const onMoved = (): void => {
    moved += 1;
  };
  const own = new OwnDetails({ timers: time, clock, live: () => live, onMoved });
  own.use([check()]);
  return { own, time, moved: () => moved };
}

it('moves at once when a state does, and with it what others may pull', () => {
  const { own, moved } = details();
  expect([own.version, own.checks]).toEqual([
    1000,
    [
      {
        id: 'linux/check/load',
        name: 'load',
        pack: 'linux',
        state: 'ok',
        hard: true,
        since: 5,
        output: 'load is 1',
        perfdata: 'load=1',
      },
    ],
  ]);
  own.use([check()]);
  expect(own.version).toBe(1000);
  own.use([check({ state: 'critical', since: 9 })]);
  expect([own.version, own.checks[0]?.state]).toEqual([1001, 'critical']);
  own.use([]);
  expect([own.version, own.checks]).toEqual([1002, []]);
  expect(moved()).toBe(0);
});

it.each([
  [3, 60_000],
  [200, 200_000],
])('lets changed texts of one among %i nodes wait %i ms, together', (live, waitMs) => {
  const { own, time, moved } = details(live);
  own.use([check({ output: 'load is 2' })]);
  time.pass(waitMs - 1);
  own.use([check({ output: 'load is 3', perfdata: 'load=3' })]);
  expect([own.checks[0]?.output, moved()]).toEqual(['load is 1', 0]);
  time.pass(1);
  expect([own.checks[0]?.output, moved()]).toEqual(['load is 3', 1]);
  time.pass(waitMs * 3);
  expect(moved()).toBe(1);
});

it('tells no texts that are again as they were, and nothing once it is stopped', () => {
  const { own, time, moved } = details();
  own.use([check({ output: 'load is 2' })]);
  own.use([check()]);
  time.pass(100_000);
  own.use([check({ output: 'load is 2' })]);
  own.stop();
  time.pass(100_000);
  expect(moved()).toBe(0);
});

it('starts above what it told before it was started again', () => {
  const { own, time } = details();
  for (const state of ['critical', 'ok', 'critical'] as const) own.use([check({ state })]);
  time.pass(60_000);
  const again = new OwnDetails({
    timers: time,
    clock: { now: () => 1_000_000 + time.now(), monotonic: () => time.now() },
    live: () => 1,
    onMoved: () => undefined,
  });
  again.use([check()]);
  expect(again.version).toBeGreaterThan(own.version);
});
