import { send } from '../api/request.ts';
import { useResource } from '../api/resource.ts';
import { useSending } from '../api/sending.ts';
import { mayWrite, useSession } from '../api/session.ts';
import { useNow } from '../live/live.ts';
import { Age, ErrorNote } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import type { RemovedItem } from './model.ts';

const everyMs = 5000;

/** What was deleted in the last minutes, with a way back. */
export function RemovedPanel({ onUndone }: { onUndone(): void }) {
  const now = useNow();
  const session = useSession();
  const { data = [], reload } = useResource<RemovedItem[]>('api/v1/push/removed', { everyMs });
  const { error, isSending, attempt } = useSending();
  if (data.length === 0) return null;
  const undo = async ({ kind, id }: RemovedItem): Promise<void> => {
    if (await attempt(() => send('POST', `api/v1/push/items/${kind}/${id}/undo`))) onUndone();
    reload();
  };
  return (
    <Panel title="Deleted" class="is-waiting">
      <ErrorNote error={error} />
      <ul class="held" aria-label="Deleted">
        {data.map((item) => (
          <li key={`${item.kind} ${item.id}`}>
            <span>
              The {item.kind} <b>{item.title}</b> is gone for good <Age at={item.undo_until} now={now} />.
            </span>
            {mayWrite(session) && (
              <button type="button" disabled={isSending} onClick={() => undo(item)}>
                Undo<span class="unseen"> the deletion of {item.title}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
