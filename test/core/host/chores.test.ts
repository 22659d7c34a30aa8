import { expect, it } from 'vitest';
import { Chores } from '../../../core/host/chores.ts';

it('does each chore at its own pace, once after a pause, and never one without an interval', () => {
  const done: string[] = [];
  const chore = (name: string, everyMs: number) => ({
    everyMs,
    run: (now: number) => void done.push(`${name}@${now}`),
  });
  const chores = new Chores(
    [chore('fast', 100), chore('slow', 250), chore('never', Number.POSITIVE_INFINITY)],
    0,
    () => undefined,
  );
  for (let now = 50; now <= 300; now += 50) chores.tick(now);
  expect(done).toEqual(['fast@100', 'fast@200', 'slow@250', 'fast@300']);
  done.length = 0;
  chores.tick(100_000);
  chores.tick(100_050);
  expect(done).toEqual(['fast@100000', 'slow@100000']);
});

it('tells once of a chore that fails, and goes on with all', () => {
  const told: string[] = [];
  const done: number[] = [];
  let isBroken = true;
  const run = (): void => {
    if (isBroken) throw new Error('no descriptors');
  };
  const other = { everyMs: 100, run: (now: number) => void done.push(now) };
  const chores = new Chores([{ everyMs: 100, run }, other], 0, (reason) => told.push(reason));
  for (let now = 100; now <= 300; now += 100) chores.tick(now);
  expect([told, done]).toEqual([['no descriptors'], [100, 200, 300]]);
  isBroken = false;
  chores.tick(400);
  isBroken = true;
  chores.tick(500);
  expect(told).toHaveLength(2);
});
