import { send } from '../api/request.ts';
import { mayAdmin, useSession } from '../api/session.ts';
import { AskingButton } from '../parts/asking.tsx';
import { commandLine } from '../text/shell.ts';

/** Lets the next key of a server count: with the right `admin`, else by a command. */
export function ResetKey({ name, onDone }: { name: string; onDone(): void }) {
  const isAllowed = mayAdmin(useSession());
  return (
    <AskingButton
      button="Reset the key"
      title={`Reset the key of ${name}?`}
      action={isAllowed ? 'Reset' : 'Takes an admin session'}
      isReady={isAllowed}
      command={commandLine('opsbro', 'push', 'servers', 'reset', name)}
      run={() => send('POST', `api/v1/push/servers/${encodeURIComponent(name)}/reset`)}
      onDone={onDone}
    >
      <p>Whoever reports next by this name sets its key. For one that was lost, or taken by somebody else.</p>
    </AskingButton>
  );
}
