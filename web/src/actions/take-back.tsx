import { send } from '../api/request.ts';
import { mayWrite, useSession } from '../api/session.ts';
import { AskingButton } from '../parts/asking.tsx';
import { type HeldThing, removalRequest } from './requests.ts';

/** A button that ends a downtime, a silence or an acknowledgement, after a question. */
export function TakeBack({ thing, onDone }: { thing: HeldThing; onDone(): void }) {
  const session = useSession();
  const { path, command } = removalRequest(thing, session.name ?? '');
  if (!mayWrite(session)) return null;
  return (
    <AskingButton
      button="End"
      buttonLook="quiet"
      label={`End ${thing.kind} ${thing.id}`}
      title={`End this ${thing.kind}?`}
      action="End it"
      command={command}
      run={() => send('DELETE', path)}
      onDone={onDone}
    >
      <p>
        <code>{thing.id}</code>
      </p>
      <p>Nothing is held back by it from now on.</p>
    </AskingButton>
  );
}
