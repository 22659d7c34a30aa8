import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/request.ts';
import { agoText, clockText } from '../text/age.ts';

/** Why something is not shown, as the agent says it. */
export function ErrorNote({ error }: { error: ApiError | undefined }) {
  if (error === undefined) return null;
  return (
    <p class="note is-critical" role="alert">
      {error.message}
      {error.code !== '' && <code> {error.code}</code>}
    </p>
  );
}

/** Why an answer is not there yet, or no longer right: it is being asked for, or the last question failed. */
export function Awaited({ data, error }: { data: unknown; error: ApiError | undefined }) {
  if (error !== undefined) return <ErrorNote error={error} />;
  return data === undefined ? <p class="empty is-awaited">Asking the agent …</p> : null;
}

/** What is said where there is nothing to show. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** A time by its age, and in full where one asks. */
export function Age({ at, now }: { at: number | string | null | undefined; now: number }) {
  if (at === null || at === undefined) return <span class="dim">never</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={clockText(at)}>
      {agoText(at, now)}
    </time>
  );
}

/** Facts by their names. */
export function Facts({ facts }: { facts: readonly [name: string, value: ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
