import { expect, it } from 'vitest';
import { Stalls } from './stalls.ts';

/** A watch, and what lets time pass by looks a tenth of a second apart. */
function watchOf(limitMs: number) {
  const time = { ms: 0 };
  let look: () => void = () => {};
  const stalls = new Stalls({
    limitMs,
    now: () => time.ms,
    every: (_ms, run) => {
      look = run;
      return () => {};
    },
  });
  const run = (ms: number): void => {
    for (const endMs = time.ms + ms; time.ms < endMs; look()) time.ms += 100;
  };
  return { time, stalls, run };
}

it('tells what the machine held up from what it did not', () => {
  const { time, stalls, run } = watchOf(1000);
  run(5000);
  expect(stalls.within(0)).toBe(false);
  time.ms += 60_000;
  run(5000);
  expect([stalls.within(0, 4000), stalls.within(4000, 30_000), stalls.within(66_000)]).toEqual([
    false,
    true,
    false,
  ]);
  expect(stalls.totalMs).toBe(60_100);
});

it('sees a stall that is just over, and none in what is short', () => {
  const { time, stalls, run } = watchOf(1000);
  run(1000);
  time.ms += 900;
  expect(stalls.within(0)).toBe(false);
  time.ms += 1200;
  expect(stalls.within(2000)).toBe(true);
});
