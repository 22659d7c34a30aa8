import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** For a list that scrolls: what is marked as current in it comes into sight whenever `current` changes. */
export function useCurrentInSight<Element extends HTMLElement>(current: string): RefObject<Element | null> {
  const list = useRef<Element>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current]);
  return list;
}
