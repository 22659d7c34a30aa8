import { useEffect } from 'preact/hooks';
import type { Freshness } from '../live/feed.ts';
import { useFreshness } from '../live/live.ts';
import { spanText } from '../text/age.ts';

const words: { [freshness in Freshness]: string } = {
  connecting: 'Connecting',
  live: 'Live',
  late: 'Reconnecting',
  frozen: 'Frozen',
};

/** Whether what is shown is of now, in a word. */
export function FreshnessMark() {
  const { freshness } = useFreshness();
  return (
    <span class={`fresh is-${freshness}`} role="status">
      <span class="fresh-dot" aria-hidden="true" />
      {words[freshness]}
    </span>
  );
}

/** Says over the whole width that nothing was heard of the agent, and takes the colours from what is shown. */
export function FrozenBanner() {
  const { freshness, silentSeconds, retry } = useFreshness();
  const isFrozen = freshness === 'frozen';
  useEffect(() => {
    document.documentElement.classList.toggle('frozen', isFrozen);
  }, [isFrozen]);
  if (!isFrozen) return null;
  return (
    <div class="banner" role="alert">
      <strong>This page is frozen.</strong> Nothing was heard of the agent for {spanText(silentSeconds)}: what
      is shown below is of then.{' '}
      <button type="button" onClick={retry}>
        Try now
      </button>
    </div>
  );
}
