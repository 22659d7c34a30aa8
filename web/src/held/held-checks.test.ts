import { expect, it } from 'vitest';
import type { HeldCheckView } from '../../../control/shapes.ts';
import { heldChecks } from './held-checks.ts';

type HeldView = HeldCheckView['held'][number];

const held = (kind: HeldView['kind'], text: string): HeldView => ({
  ...{ kind, text, id: 'x', by: 'ann', until: null },
});

it('marks a check once for each kind, with all that there is of it', () => {
  const told = [
    { check: 'a', held: [held('silence', 'one'), held('downtime', 'move'), held('silence', 'two')] },
    { check: 'b', held: [held('acknowledgement', 'on it')] },
  ];
  expect([...heldChecks(told)]).toEqual([
    [
      'a',
      [
        { word: 'silenced', text: 'one; two' },
        { word: 'in downtime', text: 'move' },
      ],
    ],
    ['b', [{ word: 'acked', text: 'on it' }]],
  ]);
});
