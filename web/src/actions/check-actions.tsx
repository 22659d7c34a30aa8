import { useState } from 'preact/hooks';
import type { CheckView } from '../../../control/shapes.ts';
import { mayWrite, useSession } from '../api/session.ts';
import { Command } from '../parts/command.tsx';
import { withLocalTimes } from '../text/age.ts';
import { commandLine } from '../text/shell.ts';
import { ActionDialog } from './action-dialog.tsx';
import { type ActionKind, matcherFor } from './requests.ts';
import { TakeBack } from './take-back.tsx';

/** What may be done about a check, and what is being held back of it. */
export function CheckActions({ check, onDone }: { check: CheckView; onDone(): void }) {
  const session = useSession();
  const [open, setOpen] = useState<ActionKind>();
  const hasProblem = check.state !== 'ok' && check.state !== 'pending';
  const button = (kind: ActionKind, text: string, isOff = false) => (
    <button type="button" disabled={isOff} onClick={() => setOpen(kind)}>
      {text}
    </button>
  );
  return (
    <div class="actions">
      {mayWrite(session) ? (
        <div class="buttons">
          {button('acknowledge', 'Acknowledge', !hasProblem)}
          {button('silence', 'Silence')}
          {button('downtime', 'Downtime')}
        </div>
      ) : (
        <ReadOnly id={check.id} hasProblem={hasProblem} />
      )}
      {check.held.length > 0 && (
        <ul class="held">
          {check.held.map(({ kind, id, text }) => (
            <li key={`${kind} ${id}`}>
              <span>{withLocalTimes(text)}</span> <TakeBack thing={{ kind, id }} onDone={onDone} />
            </li>
          ))}
        </ul>
      )}
      {open !== undefined && (
        <ActionDialog kind={open} check={check.id} onClose={() => setOpen(undefined)} onDone={onDone} />
      )}
    </div>
  );
}

/** Who may only read gets the commands. */
function ReadOnly({ id, hasProblem }: { id: string; hasProblem: boolean }) {
  return (
    <details>
      <summary>This session may only read. In a terminal:</summary>
      {hasProblem && <Command text={commandLine('opsbro', 'ack', 'add', id)} />}
      <Command text={commandLine('opsbro', 'silence', 'add', matcherFor(id), '--until', 'resolved')} />
      <Command text={commandLine('opsbro', 'downtime', 'add', matcherFor(id), '--duration', '2h')} />
    </details>
  );
}
