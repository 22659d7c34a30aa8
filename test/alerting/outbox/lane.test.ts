import { expect, it } from 'vitest';
import { Lane, type Waiting } from '../../../alerting/outbox/lane.ts';
import { Bench, failed, refused, sampleEvent } from './outbox-bench.ts';

/** An entry that may go after a pause. */
function paused(serial: number, order: string, more: Partial<Waiting> = {}): Waiting {
  const entry = {
    ...{ handler: 'mail', serial, order, event: sampleEvent(order), attempts: 1 },
    ...{ createdAt: 1, ageMs: 0, lastError: 'refused' },
  };
  return {
    ...{ entry, stored: true, isHeld: false, notBeforeMs: 1000, bornMs: 0 },
    ...{ takenBefore: null, failedAlone: 1, isAsked: false, ...more },
  };
}

it('lets go at once what failed while the handler took nothing, not what failed alone or is asked to wait', () => {
  const lane = new Lane();
  const [fresh, alone, asked] = [
    paused(1, 'fresh'),
    paused(2, 'alone', { failedAlone: 2 }),
    paused(3, 'asked', { isAsked: true }),
  ];
  for (const waiting of [fresh, alone, asked]) {
    lane.add(waiting);
    lane.failed(waiting, true);
  }
  lane.delivered();
  expect([fresh, alone, asked].map(({ notBeforeMs }) => notBeforeMs)).toEqual([0, 1000, 1000]);
});

it('calls a handler failing as long as something waits for it', async () => {
  const bench = new Bench();
  bench.answers.set('mail', () => failed);
  bench.add('mail', 'load', 'a');
  await bench.settle();
  bench.clock.advance(60_000);
  await bench.settle();
  expect(bench.outbox.failing('mail')).toEqual({ forMs: 60_000, reason: 'refused' });
  expect(bench.outbox.failing('chat')).toBeNull();
  bench.answers.set('mail', () => refused);
  bench.clock.advance(600_000);
  await bench.settle();
  expect(bench.outbox.list()).toMatchObject([{ state: 'dead' }]);
  expect(bench.outbox.failing('mail')).toBeNull();
});
