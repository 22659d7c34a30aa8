import { expect, it } from 'vitest';
import { Pulse } from './pulse.ts';

it('tells the first change at once, and what comes after it together', () => {
  let now = 0;
  let told = 0;
  const later: { at: number; run: () => void }[] = [];
  const pulse = new Pulse(250, {
    now: () => now,
    later: (run, ms) => void later.push({ at: now + ms, run }),
  });
  const end = pulse.listen(() => {
    told += 1;
  });
  for (; now < 1000; now += 10) {
    pulse.mark();
    while (later[0] !== undefined && later[0].at <= now) later.shift()?.run();
  }
  expect(told).toBe(4);
  now += 1000;
  for (const { run } of later.splice(0)) run();
  expect(told).toBe(5);
  now += 1000;
  end();
  pulse.mark();
  expect(told).toBe(5);
});
