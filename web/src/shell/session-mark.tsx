import { useState } from 'preact/hooks';
import { ApiError, leave, send } from '../api/request.ts';
import type { Session } from '../api/session.ts';

/** What this session may, and a way to end it. Who looks without one has none to end. */
export function SessionMark({ session: { scope, name } }: { session: Session }) {
  const [said, setSaid] = useState('');
  const end = async (): Promise<void> => {
    try {
      await send('DELETE', 'api/v1/session');
      leave();
    } catch (error) {
      if (error instanceof ApiError) setSaid(error.message);
    }
  };
  return (
    <>
      <span class="scope" title={name === null ? 'without a session' : `session ${name}`}>
        <span class="unseen">this page may: </span>
        {scope}
      </span>
      {name !== null && (
        <button type="button" class="quiet" onClick={end} title={said}>
          {said === '' ? 'Sign out' : 'Still in'}
        </button>
      )}
    </>
  );
}
