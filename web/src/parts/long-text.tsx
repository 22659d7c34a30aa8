import { useState } from 'preact/hooks';

const longest = 240;

/** A text that somebody else wrote: of a long one some lines, until it is asked for whole. */
export function LongText({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(false);
  if (text.length <= longest) return <>{text}</>;
  return (
    <span class="long">
      <span class={isWhole ? 'long-text' : 'long-text is-cut'}>{text}</span>
      <button type="button" class="quiet" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
        {isWhole ? 'Less' : `All ${text.length.toLocaleString('en-US')} characters`}
      </button>
    </span>
  );
}
