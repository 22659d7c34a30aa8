import { send } from '../api/request.ts';
import { mayWrite, useSession } from '../api/session.ts';
import { AskingButton } from '../parts/asking.tsx';

interface Props {
  kind: 'server' | 'service';
  id: number;
  title: string;
  /** Where to go when it is gone. */
  back: string;
}

/** A button that deletes a server or service with its history: after a question, and with minutes to take it back. */
export function DeleteItem({ kind, id, title, back }: Props) {
  if (!mayWrite(useSession())) return null;
  return (
    <AskingButton
      button="Delete"
      buttonLook="danger"
      title={`Delete ${title}?`}
      action="Delete"
      look="danger"
      run={() => send('DELETE', `api/v1/push/items/${kind}/${id}`)}
      onDone={() => {
        location.hash = back;
      }}
    >
      <p>
        {kind === 'server'
          ? 'The server, its services and all their history go.'
          : 'The service and its history go.'}{' '}
        One that reports again is registered anew. For ten minutes it can be taken back.
      </p>
    </AskingButton>
  );
}
