import { expect, it } from 'vitest';
import { Views } from './views.ts';

const names = ['a', 'b', 'c'];
const pairs = names.flatMap((by) => names.filter((of) => of !== by).map((of) => [by, of] as const));

it('waits until all others believe it of all, whoever changed its mind meanwhile', async () => {
  const views = new Views();
  const [first = ['', ''], ...rest] = pairs;
  views.note(first[0], first[1], 'alive');
  let isOver = false;
  const end = views.until('alive', names, names, 10_000).then(() => {
    isOver = true;
  });
  views.note(first[0], first[1], 'dead');
  for (const [by, of] of rest) for (const seen of ['alive', 'alive'] as const) views.note(by, of, seen);
  for (const name of names) views.note(name, name, 'alive');
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  views.note(first[0], first[1], 'alive');
  await end;
});

it('has nothing to wait for where all believe it already, and heeds nobody else', async () => {
  const views = new Views();
  views.note('a', 'c', 'dead');
  views.note('b', 'c', 'dead');
  await views.until('dead', ['c'], ['a', 'b'], 10_000);
  const wait = views.until('dead', ['b'], ['a'], 10_000);
  views.note('c', 'b', 'dead');
  views.note('a', 'b', 'dead');
  await wait;
  expect(views.times('b', ['a', 'c']).every(Number.isFinite)).toBe(true);
});

it('says who is missing when the time is over', async () => {
  await expect(new Views().until('alive', ['a', 'b'], ['a', 'b'], 1)).rejects.toThrow('a of b, b of a');
});
