import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useSending } from '../api/sending.ts';
import { Command } from './command.tsx';
import { Dialog } from './dialog.tsx';
import { ErrorNote } from './notes.tsx';

interface Asked {
  title: string;
  /** The words of the button that does it. */
  action: string;
  /** Its class. */
  look?: 'main' | 'danger';
  /** Whether it can be done as it stands. */
  isReady?: boolean;
  /** Does the same in a terminal. */
  command?: string;
  run(): Promise<unknown>;
  /** Called once it was done, and the dialog is closed. */
  onDone(): void;
  children?: ComponentChildren;
}

/** A dialog in front of a change: what it means, the command that does the same, why it was refused, and a way out. */
export function AskingDialog({
  title,
  action,
  look = 'main',
  isReady = true,
  command,
  run,
  onDone,
  onClose,
  children,
}: Asked & { onClose(): void }) {
  const { error, isSending, attempt } = useSending();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!(await attempt(run))) return;
    onClose();
    onDone();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {children}
        <ErrorNote error={error} />
        {command !== undefined && (
          <>
            <p class="dim">In a terminal:</p>
            <Command text={command} />
          </>
        )}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={look} disabled={!isReady || isSending}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface ButtonProps extends Asked {
  /** The words of the button that opens the dialog. */
  button: string;
  buttonLook?: 'quiet' | 'danger';
  /** What it is called where its words alone do not say enough. */
  label?: string;
}

/** A button that changes something after a question. */
export function AskingButton({ button, buttonLook, label, ...asked }: ButtonProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class={buttonLook} aria-label={label} onClick={() => setOpen(true)}>
        {button}
      </button>
      {isOpen && <AskingDialog {...asked} onClose={() => setOpen(false)} />}
    </>
  );
}
