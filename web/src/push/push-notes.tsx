import type { ApiError } from '../api/request.ts';
import { Awaited } from '../parts/notes.tsx';
import { spanText } from '../text/age.ts';
import type { PushStatus } from './model.ts';
import { RemovedPanel } from './removed-panel.tsx';

const longestLag = 60;

interface Props {
  status: PushStatus | undefined;
  error: ApiError | undefined;
  /** Asks for the status again. */
  reload(): void;
}

/** What stands above every page of what is pushed: why nothing is shown or what is shown may be late, and what can be brought back. */
export function PushNotes({ status, error, reload }: Props) {
  const lag = status?.stats.supervisor_lag ?? 0;
  return (
    <>
      <Awaited data={status} error={error} />
      <RemovedPanel onUndone={reload} />
      {lag > longestLag && (
        <p class="note is-critical" role="alert">
          The supervisor lags {spanText(lag)}: alerts come late.
        </p>
      )}
    </>
  );
}

/** How many alerts came in the last day. */
export function AlertBadge({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span class="count">
      {count}
      <span class="unseen"> alerts in the last day</span>
    </span>
  );
}
