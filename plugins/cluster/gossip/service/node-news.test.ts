import type { Json } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { NodeNews } from './node-news.ts';

it('tells when a zone that was reached is not any more, and when it is again', () => {
  const told: string[] = [];
  const write = (message: string): unknown => told.push(message);
  const emitted: Json[] = [];
  const news = new NodeNews(
    {
      log: { debug: write, info: write, warn: write, error: write },
      timers: new VirtualTime(),
      emit: (topic, data) => emitted.push({ topic, data }),
    },
    'me',
  );
  const see = (low: boolean, side = true): void =>
    news.hearZones([
      { name: 'low', parent: 'mid', unreachable: low },
      { name: 'side', parent: 'mid', unreachable: side },
    ]);
  for (const isAway of [true, false, false, true, true, false]) see(isAway);
  expect(told).toEqual([
    'zone low is unreachable: no proxy on the way to it is heard',
    'zone low is reached again',
  ]);
  expect(emitted).toEqual([
    { topic: 'zone', data: { zone: 'low', unreachable: true } },
    { topic: 'zone', data: { zone: 'low', unreachable: false } },
  ]);
});
