import { useMemo, useState } from 'preact/hooks';
import type { HistoryView } from '../../../control/shapes.ts';
import { useResource } from '../api/resource.ts';
import { useBoard } from '../live/live.ts';
import { Age, Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateMark, StateShape } from '../parts/state-mark.tsx';
import { checkLink } from '../shell/route.ts';
import { type ChangeRow, changeRows } from './changes.ts';

const dayMs = 86_400_000;
/** At first, and when more are asked for. */
const few = 10;
const many = 100;

/** What changed of checks in the last day, the newest first. */
export function ChangesPanel({ now }: { now: number }) {
  const board = useBoard();
  const [shown, setShown] = useState(few);
  const since = useMemo(() => new Date(Date.now() - dayMs).toISOString(), []);
  const { data, error } = useResource<HistoryView>(`api/v1/history/checks?since=${since}`);
  // The board changes in place; its version tells.
  const rows = useMemo(
    () => changeRows(board.changes, data?.entries ?? [], board.beganAt),
    [data, board.checksVersion],
  );
  return (
    <Panel title="Last changes" class="is-changes">
      <Awaited data={data} error={error} />
      {data !== undefined && rows.length === 0 && <Empty>Nothing changed in the last day.</Empty>}
      <ol class="changes">
        {rows.slice(0, shown).map((row) => (
          <Change key={`${row.id} ${row.at} ${row.to}`} row={row} now={now} />
        ))}
      </ol>
      {rows.length > shown && (
        <button type="button" onClick={() => setShown(many)}>
          Show more
        </button>
      )}
    </Panel>
  );
}

function Change({ row: { at, id, name, from, to, output }, now }: { row: ChangeRow; now: number }) {
  return (
    <li>
      <span class="change-states">
        <StateShape state={from} />
        <span class="unseen">from {from} to </span>
        <span aria-hidden="true">→</span> <StateMark state={to} />
      </span>
      <a href={checkLink(id)}>{name}</a>
      <span class="dim change-output" title={output}>
        {output}
      </span>
      <span class="dim">
        <Age at={at} now={now} />
      </span>
    </li>
  );
}
