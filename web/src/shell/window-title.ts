import { useEffect } from 'preact/hooks';
import type { Freshness } from '../live/feed.ts';
import { useFreshness } from '../live/live.ts';

/** What the title of a window tells. */
export interface TitleParts {
  problems: number;
  page: string;
  node: string;
}

const stale: { [freshness in Freshness]?: string } = { late: 'Reconnecting', frozen: 'Frozen' };

/** How many problems there are, where one is, whose page it is; before that, where it is so, that this is of an earlier time. */
export function windowTitle({ problems, page, node }: TitleParts, freshness: Freshness): string {
  const word = stale[freshness];
  const before = `${word === undefined ? '' : `${word}: `}${problems > 0 ? `(${problems}) ` : ''}`;
  return `${before}${page} · ${node === '' ? 'OpsBro' : node}`;
}

/** Keeps the title of the window; shows nothing in it. */
export function WindowTitle(parts: TitleParts): null {
  const title = windowTitle(parts, useFreshness().freshness);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}
