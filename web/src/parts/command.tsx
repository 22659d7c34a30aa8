import { Fragment } from 'preact';
import { useState } from 'preact/hooks';

/** A command that does the same in a terminal, to be copied. */
export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(text);
    } catch {
      // A page that is not served by TLS or from this host may not write there; the text can be marked.
      setCopied('');
    }
  };
  return (
    <div class="command">
      <code>
        {text.split(' ').map((word, at) => (
          // A hyphen is no place to break a line at: `--` alone is no option.
          <Fragment key={at}>
            {at > 0 && ' '}
            <span class="word">{word}</span>
          </Fragment>
        ))}
      </code>
      <button type="button" class="quiet" onClick={copy} aria-label={`Copy the command ${text}`}>
        {copied === text ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
