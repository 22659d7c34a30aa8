import type { ApiError } from '../api/request.ts';
import { Empty, ErrorNote } from '../parts/notes.tsx';
import { spanText } from '../text/age.ts';
import type { PushStatus } from './model.ts';

const longestLag = 60;

/** Why nothing is shown, or why what is shown may be late. */
export function PushNotes({
  status,
  error,
}: {
  status: PushStatus | undefined;
  error: ApiError | undefined;
}) {
  const lag = status?.stats.supervisor_lag ?? 0;
  return (
    <>
      {error?.status === 404 ? (
        <Empty>
          Nobody can report to this agent. With <code>{'overc: { enabled: true }'}</code> in a file of its
          directory it is a push server.
        </Empty>
      ) : (
        <ErrorNote error={error} />
      )}
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
