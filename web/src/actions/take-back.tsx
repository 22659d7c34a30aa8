import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/request.ts';
import { mayWrite, useSession } from '../api/session.ts';
import { Command } from '../parts/command.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote } from '../parts/notes.tsx';
import { type HeldThing, removalRequest } from './requests.ts';

/** A button that ends a downtime, a silence or an acknowledgement, after a question. */
export function TakeBack({ thing, onDone }: { thing: HeldThing; onDone(): void }) {
  const session = useSession();
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<ApiError>();
  const { path, command } = removalRequest(thing, session.name ?? '');
  const remove = async (): Promise<void> => {
    try {
      await send('DELETE', path);
      setOpen(false);
      onDone();
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem);
    }
  };
  if (!mayWrite(session)) return null;
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-label={`End ${thing.kind} ${thing.id}`}
        onClick={() => setOpen(true)}
      >
        End
      </button>
      {isOpen && (
        <Dialog title={`End this ${thing.kind}?`} onClose={() => setOpen(false)}>
          <p>
            <code>{thing.id}</code>
          </p>
          <p>Nothing is held back by it from now on.</p>
          <ErrorNote error={error} />
          <p class="dim">In a terminal:</p>
          <Command text={command} />
          <div class="buttons">
            <button type="button" onClick={() => setOpen(false)}>
              Cancel
            </button>
            <button type="button" class="main" onClick={remove}>
              End it
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
