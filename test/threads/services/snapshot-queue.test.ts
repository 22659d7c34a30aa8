import type { Json } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { SnapshotQueue } from '../../../threads/services/snapshot-queue.ts';

it('sends two snapshots ahead, and keeps only the last of each topic behind them', () => {
  const sent: [string, Json][] = [];
  let received = 0;
  const queue = new SnapshotQueue(
    (topic, data) => sent.push([topic, data]),
    () => received,
  );
  for (const turn of [1, 2, 3, 4]) queue.push('nodes', turn);
  queue.push('details', 1);
  expect(sent).toEqual([
    ['nodes', 1],
    ['nodes', 2],
  ]);
  expect(queue.waiting).toBe(2);
  received = 1;
  queue.flush();
  expect(sent.at(-1)).toEqual(['nodes', 4]);
  received = 3;
  queue.flush();
  expect(sent.at(-1)).toEqual(['details', 1]);
  expect(queue.waiting).toBe(0);
});
