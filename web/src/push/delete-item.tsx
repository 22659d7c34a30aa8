import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/request.ts';
import { mayWrite, useSession } from '../api/session.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote } from '../parts/notes.tsx';

interface Props {
  kind: 'server' | 'service';
  id: number;
  title: string;
  /** Where to go when it is on its way out. */
  back: string;
}

/** A button that deletes a server or service with its history: after a question, and with minutes to take it back. */
export function DeleteItem({ kind, id, title, back }: Props) {
  const session = useSession();
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<ApiError>();
  const confirm = async (): Promise<void> => {
    try {
      await send('DELETE', `api/v1/push/items/${kind}/${id}`);
      location.hash = back;
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem);
    }
  };
  if (!mayWrite(session)) return null;
  return (
    <>
      <button type="button" class="danger" onClick={() => setOpen(true)}>
        Delete
      </button>
      {isOpen && (
        <Dialog title={`Delete ${title}?`} onClose={() => setOpen(false)}>
          <p>
            {kind === 'server'
              ? 'The server, its services and all their history go.'
              : 'The service and its history go.'}{' '}
            One that reports again is registered anew. For ten minutes it can be taken back.
          </p>
          <ErrorNote error={error} />
          <div class="buttons">
            <button type="button" onClick={() => setOpen(false)}>
              Cancel
            </button>
            <button type="button" class="danger" onClick={confirm}>
              Delete
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
