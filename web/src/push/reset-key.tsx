import { useState } from 'preact/hooks';
import { ApiError, send } from '../api/request.ts';
import { mayAdmin, useSession } from '../api/session.ts';
import { Command } from '../parts/command.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote } from '../parts/notes.tsx';
import { commandLine } from '../text/shell.ts';

/** Lets the next key of a server count: with the right `admin`, else by a command. */
export function ResetKey({ name }: { name: string }) {
  const session = useSession();
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<ApiError>();
  const command = commandLine('opsbro', 'push', 'servers', 'reset', name);
  const act = async (): Promise<void> => {
    try {
      await send('POST', `api/v1/push/servers/${encodeURIComponent(name)}/reset`);
      setOpen(false);
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem);
    }
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Reset the key
      </button>
      {isOpen && (
        <Dialog title={`Reset the key of ${name}?`} onClose={() => setOpen(false)}>
          <p>
            Whoever reports next by this name sets its key. For one that was lost, or taken by somebody else.
          </p>
          <ErrorNote error={error} />
          <p class="dim">In a terminal:</p>
          <Command text={command} />
          <div class="buttons">
            <button type="button" onClick={() => setOpen(false)}>
              Cancel
            </button>
            <button type="button" class="main" disabled={!mayAdmin(session)} onClick={act}>
              {mayAdmin(session) ? 'Reset' : 'Takes an admin session'}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
