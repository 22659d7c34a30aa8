import { useState } from 'preact/hooks';
import { send } from '../api/request.ts';
import { mayWrite, useSession } from '../api/session.ts';
import { defer, undoMs } from '../parts/deferred.ts';
import { Dialog } from '../parts/dialog.tsx';

interface Props {
  kind: 'server' | 'service';
  id: number;
  title: string;
  /** Where to go when it is on its way out. */
  back: string;
}

/** A button that deletes a server or service with its history: after a question, and with some seconds to take it back. */
export function DeleteItem({ kind, id, title, back }: Props) {
  const session = useSession();
  const [isOpen, setOpen] = useState(false);
  if (!mayWrite(session)) return null;
  const confirm = (): void => {
    setOpen(false);
    defer(`${kind} ${id}`, `Deletes ${title}`, async (isLeaving) => {
      await send('DELETE', `api/v1/push/items/${kind}/${id}`, undefined, { keepalive: isLeaving });
    });
    location.hash = back;
  };
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
            One that reports again is registered anew. You can take it back for {undoMs / 1000} seconds.
          </p>
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
