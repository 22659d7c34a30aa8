import { expect, it } from 'vitest';
import type { HandlerEvent } from './context.ts';
import { tellEach } from './tell-each.ts';
import { testEvent } from './testing/index.ts';

const event = (key: string): HandlerEvent => ({ ...testEvent('problem'), key });

/** Tells of items, and fails at those that are in `broken`. */
function teller() {
  const ctx = { state: {} };
  const told: string[] = [];
  const broken = new Set<string>();
  const tell = (key: string, items: string[]) =>
    tellEach(ctx, event(key), items, async (item) => {
      if (broken.has(item)) throw new Error(`no ${item}`);
      told.push(item);
    });
  return { ctx, told, broken, tell };
}

it('goes on with what failed, and forgets when all is told', async () => {
  const { ctx, told, broken, tell } = teller();
  broken.add('b');
  for (const _ of [1, 2]) await expect(tell('one', ['a', 'b', 'c'])).rejects.toThrow('no b');
  expect(ctx.state).toEqual({ told: { key: 'one', count: 1 } });
  broken.clear();
  await tell('one', ['a', 'b', 'c']);
  expect([told, ctx.state]).toEqual([['a', 'b', 'c'], {}]);
});

it('leaves what it remembers alone for an event of one item', async () => {
  const { ctx, told, broken, tell } = teller();
  broken.add('b');
  await expect(tell('one', ['a', 'b'])).rejects.toThrow('no b');
  await expect(tell('two', ['b'])).rejects.toThrow('no b');
  await tell('two', ['c']);
  await tell('none', []);
  expect([told, ctx.state]).toEqual([['a', 'c'], { told: { key: 'one', count: 1 } }]);
});

it('begins anew when another event of several items failed in between', async () => {
  const { told, broken, tell } = teller();
  broken.add('b');
  for (const key of ['one', 'two', 'one']) await tell(key, ['a', 'b']).catch(() => undefined);
  expect(told).toEqual(['a', 'a', 'a']);
});
