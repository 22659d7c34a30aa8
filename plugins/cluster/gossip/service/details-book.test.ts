import type { NodeDetailsSnapshot } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { DetailsBook } from './details-book.ts';

function book() {
  const time = new VirtualTime();
  const published: NodeDetailsSnapshot[] = [];
  const details = new DetailsBook({ timers: time, publish: (snapshot) => published.push(snapshot) });
  const take = (uuid: string, version = 1): void => details.take({ uuid, version, checks: [] });
  return { time, details, take, published };
}

it('tells what was fetched while somebody wants it, many changes together', () => {
  const { time, details, take, published } = book();
  take('a');
  expect(published).toEqual([]);
  details.want(true);
  take('a');
  take('b');
  take('a', 2);
  expect(published.map((snapshot) => Object.keys(snapshot))).toEqual([['a']]);
  time.pass(1500);
  expect(published).toHaveLength(2);
  expect(published[1]).toMatchObject({ a: { version: 2 }, b: { version: 1 } });
});

it('forgets a node that is no member, and everything once nobody wants it', () => {
  const { time, details, take, published } = book();
  details.want(true);
  take('a');
  take('b');
  details.forget('a');
  details.forget('c');
  time.pass(5000);
  expect(Object.keys(published.at(-1) ?? {})).toEqual(['b']);
  details.want(false);
  expect(published.at(-1)).toEqual({});
  take('b');
  details.stop();
  time.pass(5000);
  expect(published).toHaveLength(3);
});
