import { expect, it } from 'vitest';
import type { Freshness } from '../live/feed.ts';
import { type TitleParts, windowTitle } from './window-title.ts';

it.each<[Partial<TitleParts>, Freshness, string]>([
  [{}, 'live', 'Checks · web-1'],
  [{ problems: 2 }, 'live', '(2) Checks · web-1'],
  [{ node: '' }, 'connecting', 'Checks · OpsBro'],
  [{}, 'late', 'Reconnecting: Checks · web-1'],
  [{ problems: 2 }, 'frozen', 'Frozen: (2) Checks · web-1'],
])('%j that is %s has the title %s', (parts, freshness, title) => {
  expect(windowTitle({ problems: 0, page: 'Checks', node: 'web-1', ...parts }, freshness)).toBe(title);
});
