import { expect, it } from 'vitest';
import { causeText, timelineSpans } from './timeline.ts';

const iso = (at: number): string => new Date(at).toISOString();
const entry = (at: number, old: string, state: string, more = {}) => ({
  ...{ at: iso(at), id: 'a', name: 'a', old_state: old, state, log: `is ${state}`, ...more },
});
const now = { state: 'ok', since: 5000, output: 'fine' } as const;
const short = (spans: ReturnType<typeof timelineSpans>) =>
  spans.map(({ from, to, state }) => [from, to, state]);

it('says nothing of the time before it knows anything', () => {
  expect(short(timelineSpans([], now, 1000, 9000))).toEqual([
    [1000, 5000, 'none'],
    [5000, 9000, 'ok'],
  ]);
  expect(short(timelineSpans([], { ...now, since: 500 }, 1000, 9000))).toEqual([[1000, 9000, 'ok']]);
  expect(short(timelineSpans([], { ...now, since: null }, 1000, 9000))).toEqual([[1000, 9000, 'none']]);
});

it('goes from change to change up to what is now', () => {
  const entries = [
    entry(2000, 'ok', 'warning'),
    entry(3000, 'warning', 'critical'),
    entry(3500, 'critical', 'critical', { cause: 'attempts' }),
    entry(5000, 'critical', 'ok'),
  ];
  expect(short(timelineSpans(entries, now, 1000, 9000))).toEqual([
    [1000, 2000, 'ok'],
    [2000, 3000, 'warning'],
    [3000, 5000, 'critical'],
    [5000, 9000, 'ok'],
  ]);
  expect(short(timelineSpans(entries, now, 2500, 4000))).toEqual([
    [2500, 3000, 'warning'],
    [3000, 4000, 'critical'],
  ]);
});

it('shows an OK without fresh data as stale', () => {
  const entries = [entry(2000, 'pending', 'ok'), entry(3000, 'ok', 'ok', { stale: true, cause: 'late' })];
  expect(short(timelineSpans(entries, { ...now, state: 'stale' }, 1000, 9000))).toEqual([
    [1000, 2000, 'pending'],
    [2000, 3000, 'ok'],
    [3000, 9000, 'stale'],
  ]);
});

it.each<[Parameters<typeof causeText>[0], string]>([
  [{ hard: false, cause: 'run' }, 'soft'],
  [{ hard: true, cause: 'run' }, ''],
  [{ hard: true, cause: 'attempts' }, 'confirmed'],
  [{ hard: true, cause: 'steady' }, 'flaps no more'],
  [{}, ''],
])('a change of %j is marked %j', (entry, text) => {
  expect(causeText(entry)).toBe(text);
});
