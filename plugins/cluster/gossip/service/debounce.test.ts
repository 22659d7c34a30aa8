import { expect, it } from 'vitest';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { Debounce } from './debounce.ts';

it('runs the first call at once, and many behind it together', () => {
  const time = new VirtualTime();
  let runs = 0;
  const debounce = new Debounce(time, 100, () => {
    runs += 1;
  });
  debounce.call();
  expect(runs).toBe(1);
  for (let call = 0; call < 5; call += 1) debounce.call();
  time.pass(99);
  expect(runs).toBe(1);
  time.pass(1);
  expect(runs).toBe(2);
  time.pass(1000);
  expect(runs).toBe(2);
  debounce.call();
  debounce.call();
  debounce.stop();
  time.pass(1000);
  expect(runs).toBe(3);
});

it('waits for as long as the pause is by then', () => {
  const time = new VirtualTime();
  let pauseMs = 100;
  let runs = 0;
  const count = (): void => {
    runs += 1;
  };
  const debounce = new Debounce(time, () => pauseMs, count, 'later');
  debounce.call();
  pauseMs = 300;
  time.pass(299);
  expect(runs).toBe(0);
  time.pass(1);
  expect(runs).toBe(1);
});

it('lets the first call wait too where it is to', () => {
  const time = new VirtualTime();
  let runs = 0;
  const debounce = new Debounce(
    time,
    100,
    () => {
      runs += 1;
    },
    'later',
  );
  for (const passed of [0, 99]) {
    debounce.call();
    time.pass(passed);
    expect(runs).toBe(0);
  }
  time.pass(1);
  expect(runs).toBe(1);
});
