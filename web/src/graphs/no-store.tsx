import type { ApiError } from '../api/request.ts';
import { ErrorNote } from '../parts/notes.tsx';

/** Why there are no graphs: without a metric store its routes do not exist. */
export function StoreNote({ error }: { error: ApiError | undefined }) {
  if (error?.status !== 404) return <ErrorNote error={error} />;
  return (
    <p class="note">
      This agent keeps no history of what it measures. With <code>{'store: { enabled: true }'}</code> in{' '}
      <code>agent.yml</code> it does, from then on.
    </p>
  );
}
