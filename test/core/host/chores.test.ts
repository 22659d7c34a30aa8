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
  );
  for (let now = 50; now <= 300; now += 50) chores.tick(now);
  expect(done).toEqual(['fast@100', 'fast@200', 'slow@250', 'fast@300']);
  done.length = 0;
  chores.tick(100_000);
  chores.tick(100_050);
  expect(done).toEqual(['fast@100000', 'slow@100000']);
});
