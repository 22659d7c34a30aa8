import { useState } from 'preact/hooks';
import { send } from '../api/request.ts';
import { useSession } from '../api/session.ts';
import { AskingDialog } from '../parts/asking.tsx';
import { type ActionFields, type ActionKind, actionRequest, emptyFields, isDuration } from './requests.ts';

interface Props {
  kind: ActionKind;
  check: string;
  onClose(): void;
  onDone(): void;
}

const titles: { [kind in ActionKind]: string } = {
  acknowledge: 'Acknowledge',
  silence: 'Silence',
  downtime: 'Plan a downtime',
};
const explained: { [kind in ActionKind]: string } = {
  acknowledge: 'You know of the problem: nobody is told of it again until it recovers or becomes worse.',
  silence: 'Nobody is told of this check from now on, whatever it does.',
  downtime: 'Planned work, from now on: problems in that time are expected, and nobody is told.',
};

/** Asks what an action needs, shows the command that does the same, and does it. */
export function ActionDialog({ kind, check, onClose, onDone }: Props) {
  const { name } = useSession();
  const [fields, setFields] = useState<ActionFields>({
    ...emptyFields,
    until: kind === 'silence' ? 'resolved' : '',
  });
  const request = actionRequest(kind, check, fields, name ?? '');
  const time = kind === 'downtime' ? fields.duration : fields.until;
  const isGood = time === '' ? kind === 'acknowledge' : time === 'resolved' || isDuration(time);
  return (
    <AskingDialog
      title={titles[kind]}
      action={titles[kind]}
      isReady={isGood}
      command={request.command}
      run={() => send('POST', request.path, request.body)}
      onDone={onDone}
      onClose={onClose}
    >
      <p>
        <code>{check}</code>
      </p>
      <p>{explained[kind]}</p>
      <ActionInputs kind={kind} fields={fields} onChange={setFields} />
      {!isGood && (
        <p class="is-critical" role="status">
          That is no duration: write 30m, 2h or 1d.
        </p>
      )}
    </AskingDialog>
  );
}

interface InputProps {
  kind: ActionKind;
  fields: ActionFields;
  onChange(fields: ActionFields): void;
}

function ActionInputs({ kind, fields, onChange }: InputProps) {
  const timeKey = kind === 'downtime' ? 'duration' : 'until';
  const choices = kind === 'silence' ? ['resolved', '1h', '8h', '1d'] : ['30m', '2h', '8h', '1d'];
  return (
    <>
      <label>
        Comment
        <input
          maxLength={1000}
          value={fields.comment}
          onInput={({ currentTarget }) => onChange({ ...fields, comment: currentTarget.value })}
        />
      </label>
      <label>
        {kind === 'downtime'
          ? 'How long'
          : kind === 'silence'
            ? 'Until resolved, or how long'
            : 'At most for'}
        <input
          value={fields[timeKey]}
          placeholder={kind === 'acknowledge' ? 'no end' : ''}
          list={`times-${kind}`}
          onInput={({ currentTarget }) => onChange({ ...fields, [timeKey]: currentTarget.value.trim() })}
        />
        <datalist id={`times-${kind}`}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      </label>
      {kind === 'acknowledge' && (
        <label class="inline">
          <input
            type="checkbox"
            checked={fields.isSticky}
            onChange={({ currentTarget }) => onChange({ ...fields, isSticky: currentTarget.checked })}
          />
          Also when it becomes worse
        </label>
      )}
    </>
  );
}
