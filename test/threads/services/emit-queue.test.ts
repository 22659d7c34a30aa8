import { describe, expect, it } from 'vitest';
import { EmitQueue } from '../../../threads/services/emit-queue.ts';

function queueOf(start = 0): { queue: EmitQueue<number>; sent: number[]; acknowledge(count: number): void } {
  const sent: number[] = [];
  let acknowledged = start;
  const queue = new EmitQueue<number>(
    (item) => sent.push(item),
    () => acknowledged,
    { window: 2, size: 3 },
  );
  return {
    queue,
    sent,
    acknowledge: (count) => {
      acknowledged = (acknowledged + count) | 0;
      queue.flush();
    },
  };
}

describe('EmitQueue', () => {
  it('sends at once what the window allows', () => {
    const { queue, sent } = queueOf();
    for (const item of [1, 2, 3]) queue.push(item);
    expect(sent).toEqual([1, 2]);
    expect(queue.waiting).toBe(1);
  });

  it('sends on when the core has taken some', () => {
    const { queue, sent, acknowledge } = queueOf();
    for (const item of [1, 2, 3, 4]) queue.push(item);
    acknowledge(1);
    expect(sent).toEqual([1, 2, 3]);
    acknowledge(2);
    expect(sent).toEqual([1, 2, 3, 4]);
  });

  it('drops the oldest that wait, and counts them', () => {
    const { queue, sent, acknowledge } = queueOf();
    for (let item = 1; item <= 9; item += 1) queue.push(item);
    expect(queue.dropped).toBe(4);
    acknowledge(2);
    acknowledge(2);
    expect(sent).toEqual([1, 2, 7, 8, 9]);
  });
});
