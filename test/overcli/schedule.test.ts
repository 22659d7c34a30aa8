import { expect, it, vi } from 'vitest';
import type { MonitoredService } from '../../overcli/monitor/config.ts';
import { batches } from '../../overcli/monitor/file-monitor.ts';
import { Places } from '../../overcli/monitor/places.ts';
import { newMember, runRound } from '../../overcli/monitor/round.ts';
import {
  dueInMs,
  mayWaitMs,
  newTiming,
  nextRoundInMs,
  realPeriodMs,
  roundOf,
} from '../../overcli/monitor/schedule.ts';
import type { ServiceState } from '../../overcli/report.ts';

const service = (name: string, periodS: number): MonitoredService => ({
  name,
  periodS,
  command: name,
  maxLagS: undefined,
});
const state = (name: string): ServiceState => ({ name, state: 'OK', info: '' });

it.each([
  ['four fifths of the period', 10, undefined, 0, 8000],
  ['less three times the measured lag', 10, undefined, 500, 6500],
  ['less the lag that is given, whatever was measured', 10, 3, 500, 5000],
  ['all of it when the given lag is 0', 10, 0, 500, 8000],
  ['never below 0', 10, undefined, 5000, 0],
])('the real period is %s', (_, periodS, maxLagS, lagMs, real) => {
  expect(realPeriodMs({ ...newTiming(periodS, maxLagS), lagMs })).toBe(real);
});

it('a service is due at once at first, then a real period after its last start', () => {
  const timing = newTiming(10, undefined);
  expect(dueInMs(timing, 5)).toBe(0);
  const run = { ...timing, startedAt: 1000 };
  expect([dueInMs(run, 2000), dueInMs(run, 9000), dueInMs(run, 99_000)]).toEqual([7000, 0, 0]);
});

it('a round takes all that are due within the largest measured lag, but none that runs', () => {
  const members = [
    { name: 'due', timing: { ...newTiming(10, undefined), startedAt: 0 } },
    { name: 'soon', timing: { ...newTiming(10, undefined), startedAt: 400 } },
    { name: 'laggard', timing: { ...newTiming(100, undefined), startedAt: 7900, lagMs: 500 } },
    { name: 'runs', timing: { ...newTiming(10, undefined), startedAt: 0, running: true } },
  ];
  expect(roundOf(members, 8000).map(({ name }) => name)).toEqual(['due', 'soon']);
  expect(roundOf(members.slice(0, 2), 8000).map(({ name }) => name)).toEqual(['due']);
  const timings = members.map(({ timing }) => timing);
  expect(nextRoundInMs(timings, 7000)).toBe(1000);
  expect(nextRoundInMs(timings.slice(3), 7000)).toBeUndefined();
});

it('a report may wait for slower services until its own would come late', () => {
  const timing = { ...newTiming(10, undefined), startedAt: 8000 };
  expect(mayWaitMs(timing, 8000)).toBe(9000);
  expect(mayWaitMs({ ...timing, reportedAt: 500 }, 8000)).toBe(1500);
  expect(mayWaitMs({ ...timing, reportedAt: 500 }, 20_000)).toBe(0);
});

it('a round is one report with the longest period in it, and one more for who is too slow for the others', async () => {
  vi.useFakeTimers();
  try {
    const runs = new Map<string, (state: ServiceState) => void>();
    const sent: [number, string[]][] = [];
    const members = [service('fast', 10), service('other', 60), service('slow', 30)].map(newMember);
    const round = runRound(members, {
      run: ({ name }) => new Promise((resolve) => runs.set(name, resolve)),
      clock: () => Date.now(),
      isCurrent: (member) => member.service.name !== 'gone',
      report: (periodS, states) => sent.push([periodS, states.map(({ name }) => name)]),
    });
    runs.get('fast')?.(state('fast'));
    runs.get('other')?.(state('other'));
    await vi.advanceTimersByTimeAsync(8999);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toEqual([[60, ['fast', 'other']]]);
    await vi.advanceTimersByTimeAsync(1000);
    runs.get('slow')?.(state('slow'));
    await round;
    expect(sent).toEqual([
      [60, ['fast', 'other']],
      [30, ['slow']],
    ]);
    expect(members.map(({ timing }) => timing.lagMs)).toEqual([0, 0, 10_000]);
    expect(members.map(({ timing }) => timing.running)).toEqual([false, false, false]);
  } finally {
    vi.useRealTimers();
  }
});

it('requests are cut where a server would find them too long', () => {
  const info = 'x'.repeat(100 * 1024);
  const states = Array.from({ length: 5 }, (_, index) => ({ ...state(String(index)), info }));
  expect(batches(states).map((batch) => batch.map(({ name }) => name))).toEqual([
    ['0', '1'],
    ['2', '3'],
    ['4'],
  ]);
  expect(batches([])).toEqual([]);
});

it('places are as many as there are', async () => {
  const places = new Places(2);
  let running = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
  };
  await Promise.all(Array.from({ length: 7 }, () => places.use(work)));
  expect([most, running]).toEqual([2, 0]);
});
