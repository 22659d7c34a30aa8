import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Frame, readFrame, writeFrame } from './frame.ts';

const eight = (value: number) => new Uint8Array(8).fill(value);
const frames: Frame[] = [
  { kind: 'challenge', cookie: eight(1) },
  { kind: 'echo', cookie: eight(2) },
  { kind: 'request', nonce: eight(3), cookie: eight(4), packet: Uint8Array.of(1, 2) },
  { kind: 'answer', nonce: eight(5), packet: Uint8Array.of(1) },
  { kind: 'refusal', nonce: eight(6), cookie: eight(7) },
];

it.each(frames)('reads a $kind as it was written', (frame) => {
  expect(readFrame(new Uint8Array(writeFrame(frame)))).toEqual(frame);
});

it.each(frames)('reads no $kind that is cut short', (frame) => {
  for (let length = 0; length < (frame.kind === 'answer' ? 10 : 9); length += 1)
    expect(readFrame(writeFrame(frame).subarray(0, length))).toBeUndefined();
});

it('reads any bytes without a throw, and a packet of messages as no frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      readFrame(bytes);
      expect(readFrame(Uint8Array.of(1, ...bytes))).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});
