import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StreamLines } from './stream-lines.ts';

function through(parts: string[], maxBytes = 16): { lines: string[]; tooLong: number; largest: number } {
  const taken: string[] = [];
  let tooLong = 0;
  const stream = new StreamLines(
    maxBytes,
    (bytes) => taken.push(Buffer.from(bytes).toString()),
    () => {
      tooLong += 1;
    },
  );
  for (const part of parts) stream.push(Buffer.from(part));
  stream.end();
  const lines = taken
    .join('')
    .split('\n')
    .filter((line) => line !== '');
  return { lines, tooLong, largest: Math.max(0, ...taken.map((piece) => piece.length)) };
}

it.each<[string[], string[], number]>([
  [['a:1|c\nb:2|c\n'], ['a:1|c', 'b:2|c'], 0],
  [['a:1', '|c\nb', ':2|c'], ['a:1|c', 'b:2|c'], 0],
  [['a\n', `${'x'.repeat(40)}\nb\n`], ['a', 'b'], 1],
  [['x'.repeat(20), 'x'.repeat(20), 'x\nb\n'], ['b'], 1],
  [[`a\n${'x'.repeat(17)}`, 'y\nb'], ['a', 'b'], 1],
])('of %j takes %j', (parts, lines, tooLong) => {
  expect(through(parts)).toMatchObject({ lines, tooLong });
});

it('takes the same lines in whatever parts they come', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ':', '1', '|'), maxLength: 14 });
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(20)), (lines, cuts) => {
      const text = lines.map((one) => `${one}\n`).join('');
      const parts: string[] = [];
      let from = 0;
      for (const cut of cuts) {
        parts.push(text.slice(from, from + cut));
        from += cut;
      }
      parts.push(text.slice(from));
      const { lines: taken, tooLong, largest } = through(parts);
      expect(taken).toEqual(lines.filter((one) => one !== ''));
      expect([tooLong, largest <= 16]).toEqual([0, true]);
    }),
  );
});
