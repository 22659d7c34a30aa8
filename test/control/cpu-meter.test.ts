import { expect, it } from 'vitest';
import { CpuMeter } from '../../control/cpu-meter.ts';

it('shows the last closed window, and the open one until the first is closed', () => {
  let user = 0;
  const meter = new CpuMeter(() => ({ user, system: 0 }), 1000);
  expect(meter.percent(1000)).toBe(0);
  user = 500_000;
  expect(meter.percent(2000)).toBe(50);
  meter.sample(3000);
  expect(meter.percent(3001)).toBe(25);
  user = 9_000_000;
  expect(meter.percent(4000)).toBe(25);
});
