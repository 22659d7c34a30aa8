import { beforeEach, describe, expect, it } from 'vitest';
import { LogRing } from '../../control/log-ring.ts';

let now: number;
let ring: LogRing;

beforeEach(() => {
  now = 0;
  ring = new LogRing({ now: () => now, monotonic: () => now });
});

const add = (part: string, message: string): void =>
  ring.add({ at: '', level: 'info', part, message, fields: {} });
const messages = (after: number | null, part: string | null): string[] =>
  ring.read(after, part).events.map(({ message }) => message);

describe('LogRing', () => {
  it('gives the last ten events first, then those after a number', () => {
    for (let index = 1; index <= 12; index += 1) add('agent', `m${index}`);
    expect(messages(null, null)).toEqual(Array.from({ length: 10 }, (_, index) => `m${index + 3}`));
    expect(ring.read(11, null)).toMatchObject({ next: 12, lost: 0, events: [{ seq: 12, message: 'm12' }] });
    expect(messages(12, null)).toEqual([]);
  });

  it.each([
    ['collector/memory', ['a']],
    ['collector', ['a', 'b']],
    ['agent', ['c']],
    ['coll', []],
  ])('gives of %s its own events', (part, expected) => {
    add('collector/memory', 'a');
    add('collector/cpustats', 'b');
    add('agent', 'c');
    expect(messages(0, part)).toEqual(expected);
  });

  it('keeps 500 events and tells how many were lost', () => {
    for (let index = 1; index <= 700; index += 1) add('agent', `m${index}`);
    const view = ring.read(100, null);
    expect(view).toMatchObject({ next: 700, lost: 100 });
    expect(view.events).toHaveLength(500);
  });

  it('starts again for the number of an earlier agent', () => {
    add('agent', 'one');
    expect(messages(900, null)).toEqual(['one']);
  });

  it('follows a part for ten seconds from when it was asked for', () => {
    expect(ring.isFollowed('collector/memory')).toBe(false);
    ring.read(null, 'collector');
    expect(ring.isFollowed('collector/memory')).toBe(true);
    expect(ring.isFollowed('check/rule')).toBe(false);
    now = 10_001;
    expect(ring.isFollowed('collector/memory')).toBe(false);
  });

  it('follows at most sixteen parts', () => {
    for (let index = 0; index < 20; index += 1) ring.read(null, `p${index}`);
    expect(ring.isFollowed('p15')).toBe(true);
    expect(ring.isFollowed('p16')).toBe(false);
  });
});
