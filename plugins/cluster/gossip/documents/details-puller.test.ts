import { expect, it } from 'vitest';
import type { Message } from '../messages.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { DetailsPuller } from './details-puller.ts';

/** A puller, whom it asked when, and the end of each of these questions. */
function pullerOf() {
  const time = new VirtualTime();
  const asked: { atMs: number; uuid: string; answer(): void }[] = [];
  const puller = new DetailsPuller({
    timers: time,
    source: (uuid) => `${uuid}:1`,
    onDetails: () => {},
    ask: (_endpoint, [question], done) => {
      const { uuid } = question as Extract<Message, { kind: 'ask-details' }>;
      const changes = JSON.stringify({ changed: [], gone: [] });
      const answer = { kind: 'details', uuid, epoch: 'e', version: 9, isFull: true, changes } as const;
      asked.push({ atMs: time.now(), uuid, answer: () => done([answer]) });
    },
  });
  puller.turn(true);
  return { time, asked, puller };
}

it('asks a second after a version moved, once for all that moved meanwhile', () => {
  const { time, asked, puller } = pullerOf();
  for (let version = 1; version < 10; version += 1) {
    puller.moved('a', version);
    time.pass(100);
  }
  time.pass(5000);
  expect(asked).toMatchObject([{ atMs: 1000, uuid: 'a' }]);
});

it('asks sixteen at once, and one more for each that has answered', () => {
  const { time, asked, puller } = pullerOf();
  for (let index = 0; index < 40; index += 1) puller.moved(`n${index}`, 1);
  time.pass(2000);
  expect(asked).toHaveLength(16);
  for (const { answer } of asked.slice(0, 3)) answer();
  expect(asked).toHaveLength(19);
  for (let done = 3; done < asked.length; done += 1) asked[done]?.answer();
  expect(new Set(asked.map(({ uuid }) => uuid)).size).toBe(40);
});
