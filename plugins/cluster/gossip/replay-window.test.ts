import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReplayWindow } from './replay-window.ts';

it('lets in exactly what is new and not older than 1,024', () => {
  const sequences = fc.array(fc.oneof(fc.nat(3000), fc.nat(2 ** 40)), { maxLength: 200 });
  fc.assert(
    fc.property(sequences, (list) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let highest = -1;
      for (const sequence of list) {
        const isNew = !seen.has(sequence) && sequence > highest - 1024;
        expect(window.admit(sequence)).toBe(isNew);
        seen.add(sequence);
        highest = Math.max(highest, sequence);
      }
    }),
  );
});
