import { describe, expect, it } from 'vitest';
import { FreeSpace, leastBytes, type Space } from '../../store/free-space.ts';
import { HandClock } from '../core/schedule/test-clock.ts';

const mib = 1024 * 1024;
const gib = 1024 * mib;

it.each([
  [1000 * gib, gib],
  [10 * gib, 0.5 * gib],
  [100 * mib, 25 * mib],
  [16 * mib, 4 * mib],
])('wants of %d bytes %d free', (total, least) => {
  expect(leastBytes(total)).toBe(least);
});

describe('FreeSpace', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('tells while there is too little, and is content only with some more', async () => {
    const clock = new HandClock();
    let available = 0;
    const space = new FreeSpace('/d', clock, async () => ({
      availableBytes: available,
      totalBytes: 100 * gib,
    }));
    const seen: boolean[] = [];
    for (available of [2 * gib, 0.9 * gib, 1.2 * gib, 1.6 * gib, 1.2 * gib]) {
      space.low();
      await turn();
      seen.push(space.low() !== null);
      clock.advance(30_000);
    }
    expect(seen).toEqual([false, true, true, false, false]);
  });

  it('asks a file system that hangs once, and knows nothing of one that cannot be asked', async () => {
    const clock = new HandClock();
    let asked = 0;
    let answer: Promise<Space> = new Promise(() => undefined);
    const read = (): Promise<Space> => {
      asked += 1;
      return answer;
    };
    const hung = new FreeSpace('/d', clock, read);
    for (let minute = 0; minute < 10; minute += 1) {
      expect(hung.low()).toBeNull();
      clock.advance(60_000);
    }
    expect(asked).toBe(1);
    answer = Promise.reject(new Error('EIO'));
    const broken = new FreeSpace('/d', clock, read);
    broken.low();
    await turn();
    expect(broken.low()).toBeNull();
  });

  it('looks at the disk of this directory', async () => {
    const space = new FreeSpace(process.cwd(), new HandClock());
    space.low();
    await turn();
    expect(() => space.low()).not.toThrow();
  });
});
