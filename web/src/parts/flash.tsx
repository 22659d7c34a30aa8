import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

/** What lights up for a moment when `value` becomes another while it is in sight. */
export function Flash({ value, children }: { value: string; children: ComponentChildren }) {
  const [before, times] = [useRef(value), useRef(0)];
  if (before.current !== value) {
    before.current = value;
    times.current += 1;
  }
  // Another key is another element, so that each change lights up anew.
  return (
    <span key={times.current} class={times.current === 0 ? 'flash' : 'flash is-changed'}>
      {children}
    </span>
  );
}
