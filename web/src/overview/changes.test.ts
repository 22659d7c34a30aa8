import { expect, it } from 'vitest';
import { sampleCheck } from '../live/sample-facts.ts';
import { changeRows } from './changes.ts';

const entry = (at: number, old: string, state: string) => ({
  ...{ at: new Date(at).toISOString(), id: 'x', name: 'x', old_state: old, state, log: '' },
});

it('lists what the page saw before what the agent remembers of the time until then', () => {
  const seen = [{ at: 9000, id: 'a', from: sampleCheck('a'), to: sampleCheck('a', { stale: true }) }];
  const remembered = [
    entry(1000, 'pending', 'ok'),
    entry(2000, 'ok', 'critical'),
    entry(2500, 'critical', 'critical'),
    entry(3000, 'critical', 'removed'),
    entry(6000, 'critical', 'ok'),
  ];
  expect(changeRows(seen, remembered, 5000).map(({ at, from, to }) => [at, from, to])).toEqual([
    [9000, 'ok', 'stale'],
    [2000, 'ok', 'critical'],
    [1000, 'pending', 'ok'],
  ]);
  const many = Array.from({ length: 500 }, (_, index) =>
    entry(index, index % 2 ? 'ok' : 'warning', index % 2 ? 'warning' : 'ok'),
  );
  expect(changeRows(seen, many, 5000)).toHaveLength(100);
});
