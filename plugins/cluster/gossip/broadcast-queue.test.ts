import fc from 'fast-check';
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

/** The same by a sort of all that waits. */
class SortedQueue {
  readonly #entries: { subject: string; message: Uint8Array; sends: number; serial: number }[] = [];
  #serial = 0;

  add(subject: string, message: Uint8Array, sends: number): void {
    this.remove(subject);
    this.#serial += 1;
    this.#entries.push({ subject, message, sends, serial: this.#serial });
  }

  remove(subject: string): void {
    const at = this.#entries.findIndex((entry) => entry.subject === subject);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  take(budgetBytes: number, sendLimit: number): Uint8Array[] {
    let left = budgetBytes;
    const taken: Uint8Array[] = [];
    for (const entry of this.#entries.toSorted((a, b) => a.sends - b.sends || b.serial - a.serial)) {
      if (entry.message.length > left) continue;
      left -= entry.message.length;
      taken.push(entry.message);
      entry.sends += 1;
      if (entry.sends >= sendLimit) this.remove(entry.subject);
    }
    return taken;
  }
}

it('keeps its order through whatever is added, outdated and taken', () => {
  const subject = fc.integer({ min: 0, max: 30 }).map(String);
  const step = fc.oneof(
    fc.record({ subject, length: fc.integer({ min: 1, max: 20 }), sends: fc.nat(3) }),
    fc.record({ without: subject }),
    fc.record({ bytes: fc.nat(100), sendLimit: fc.integer({ min: 1, max: 6 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new BroadcastQueue();
      const model = new SortedQueue();
      for (const [at, one] of steps.entries()) {
        if ('without' in one) for (const each of [queue, model]) each.remove(one.without);
        else if ('bytes' in one)
          expect(queue.take(one.bytes, one.sendLimit)).toEqual(model.take(one.bytes, one.sendLimit));
        else {
          const message = Buffer.alloc(one.length, at);
          for (const each of [queue, model]) each.add(one.subject, message, one.sends);
        }
      }
    }),
    { numRuns: 300 },
  );
});

it('takes from thousands that wait without a look at each', () => {
  const queue = new BroadcastQueue();
  let looks = 0;
  for (let index = 0; index < 4000; index += 1)
    queue.add(`${index}`, {
      get length() {
        looks += 1;
        return 100;
      },
    } as Uint8Array);
  looks = 0;
  for (let packet = 0; packet < 100; packet += 1) expect(queue.take(1150, 16)).toHaveLength(11);
  expect(looks).toBeLessThan(100 * 100);
});
