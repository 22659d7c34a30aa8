import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameReader, frame } from './frames.ts';

it('reads a message however the stream was cut', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
      (message, sizes) => {
        const reader = new FrameReader(60);
        const bytes = frame(message);
        let found: Uint8Array | 'more' | 'bad' = 'more';
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          expect(found).toBe('more');
          const end = at + (sizes[turn % sizes.length] ?? 1);
          found = reader.read(bytes.subarray(at, end));
          at = end;
        }
        expect([...found]).toEqual([...message]);
      },
    ),
    { numRuns: 50 },
  );
});

it.each([
  ['is longer than allowed', Buffer.from([0, 0, 0, 61, 1])],
  ['is empty', Buffer.from([0, 0, 0, 0])],
  ['goes on behind its end', Buffer.from([0, 0, 0, 1, 1, 1])],
  ['says that it is huge', Buffer.from([255, 255, 255, 255])],
])('refuses a message that %s', (_, bytes) => {
  expect(new FrameReader(60).read(bytes)).toBe('bad');
});

it('reads a message that comes byte by byte in about the time that it takes at once', () => {
  const bytes = frame(Buffer.alloc(200_000, 1));
  const reader = new FrameReader(bytes.length);
  for (let at = 0; at < bytes.length - 1; at += 1)
    if (reader.read(bytes.subarray(at, at + 1)) !== 'more') throw new Error(`ended at ${at}`);
  expect(reader.read(bytes.subarray(-1))).toHaveLength(200_000);
});
