import { expect, it } from 'vitest';
import type { Delivery } from '../../../alerting/outbox/delivery.ts';
import { Bench, failed } from './outbox-bench.ts';

const delivered: Delivery = { status: 'delivered' };

/** Reaches `mail` past its queue; ends by hand. */
function past(bench: Bench): { began(): boolean; end(delivery: Delivery): void; came: Promise<Delivery> } {
  let end: ((outcome: { delivery: Delivery }) => void) | undefined;
  const act = () => new Promise<{ delivery: Delivery }>((resolve) => (end = resolve));
  const came = bench.outbox.past('mail', act).then(({ delivery }) => delivery);
  return { came, began: () => end !== undefined, end: (delivery) => end?.({ delivery }) };
}

it('goes past what waits for a handler, and between what is on its way, so that each knows what the one before remembered', async () => {
  const bench = new Bench();
  for (const key of ['a', 'b', 'c']) bench.add('mail', 'load', key);
  const test = past(bench);
  await bench.settle();
  expect([bench.keys, test.began()]).toEqual([['a'], false]);
  await bench.end(delivered);
  expect([bench.keys, test.began()]).toEqual([['a'], true]);
  test.end(delivered);
  expect(await test.came).toEqual(delivered);
  await bench.settle();
  expect(bench.keys).toEqual(['a', 'b']);
  await bench.end(failed);
  const other = past(bench);
  expect(other.began()).toBe(true);
  bench.clock.advance(5000);
  await bench.settle();
  expect(bench.keys).toEqual(['a', 'b']);
  other.end(delivered);
  await bench.settle();
  expect(bench.keys).toEqual(['a', 'b', 'b']);
});

it('leaves alone a handler that was asked to wait, and says for how long', async () => {
  const bench = new Bench();
  bench.add('mail', 'load', 'a');
  await bench.end({ ...failed, retryAfterMs: 90_000 });
  bench.clock.advance(30_500);
  const early = past(bench);
  expect(await early.came).toEqual({
    status: 'failed',
    code: 'OPSBRO_HOST_DELIVERY',
    message: 'it asked for nothing more for another 60 s; its notifications wait as well',
    isPermanent: false,
    retryAfterMs: 59_500,
  });
  expect(early.began()).toBe(false);
  bench.clock.advance(59_500);
  await bench.end(delivered);
  const later = past(bench);
  await bench.settle();
  expect(later.began()).toBe(true);
});

it('tries one that pauses only because it failed', async () => {
  const bench = new Bench();
  bench.add('mail', 'load', 'a');
  await bench.end(failed);
  expect(past(bench).began()).toBe(true);
});

it('lets what comes wait as long as it was asked to itself', async () => {
  const bench = new Bench();
  const test = past(bench);
  test.end({ ...failed, retryAfterMs: 60_000 });
  await test.came;
  bench.add('mail', 'load', 'a');
  bench.clock.advance(59_999);
  await bench.settle();
  expect(bench.keys).toEqual([]);
  bench.clock.advance(1);
  await bench.settle();
  expect(bench.keys).toEqual(['a']);
});
