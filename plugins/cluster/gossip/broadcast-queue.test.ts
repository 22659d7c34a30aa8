import { expect, it } from 'vitest';
import { BroadcastQueue } from './broadcast-queue.ts';

const text = (messages: Uint8Array[]): string =>
  messages.map((bytes) => Buffer.from(bytes).toString()).join();

function queueOf(...subjects: string[]): BroadcastQueue {
  const queue = new BroadcastQueue();
  for (const subject of subjects) queue.add(subject, Buffer.from(subject));
  return queue;
}

it('gives the newest first, then those sent less', () => {
  const queue = queueOf('a', 'b', 'c');
  expect(text(queue.take(2, 9))).toBe('c,b');
  expect(text(queue.take(1, 9))).toBe('a');
  queue.add('d', Buffer.from('d'));
  expect(text(queue.take(9, 9))).toBe('d,c,b,a');
});

it('tells only the newest about one subject', () => {
  const queue = queueOf('a');
  queue.add('a', Buffer.from('A'));
  expect(text(queue.take(9, 9))).toBe('A');
});

it('forgets what was sent often enough', () => {
  const queue = queueOf('a');
  expect(text([...queue.take(9, 2), ...queue.take(9, 2), ...queue.take(9, 2)])).toBe('a,a');
  expect(queue.size).toBe(0);
});

it('fills a packet with what fits, past what does not', () => {
  const queue = queueOf('long message', 'b');
  queue.take(1, 9);
  expect(text(queue.take(5, 9))).toBe('b');
});

it('drops what was sent most when it is full, and counts it', () => {
  const queue = new BroadcastQueue(2);
  for (const subject of ['a', 'b']) queue.add(subject, Buffer.from(subject));
  queue.take(1, 9);
  queue.add('c', Buffer.from('c'));
  expect(text(queue.take(9, 9))).toBe('c,a');
  expect(queue.dropped).toBe(1);
});
