import { useState } from 'preact/hooks';
import { useResource } from '../api/resource.ts';
import { useNow } from '../live/live.ts';
import { LongText } from '../parts/long-text.tsx';
import { Age, Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { utcTime } from '../text/age.ts';
import { type PastRow, pastPath, shownPush } from './model.ts';

const stepHours = 24;

/** The states of a service, newest first. Runs of equal ones stand as one, which a click opens. */
export function PastPanel({ id, lastId }: { id: string; lastId: number }) {
  const now = useNow(5000);
  const [hours, setHours] = useState(stepHours);
  const [open, setOpen] = useState<string[]>([]);
  const { data, error } = useResource<{ states: PastRow[] }>(pastPath(id, hours, open), { key: lastId });
  const [kept, setKept] = useState<PastRow[]>([]);
  // While a group is being opened, what was there stays.
  if (data !== undefined && data.states !== kept) setKept(data.states);
  return (
    <Panel title="History">
      <Awaited data={data ?? kept[0]} error={error} />
      {data?.states.length === 0 && <Empty>Nothing was reported in the last {hours} hours.</Empty>}
      <ol class="changes" aria-label="States">
        {kept.map((row) =>
          'group' in row ? (
            <li key={`group ${row.group}`}>
              <StateMark state={shownPush(row.state)} />
              <button
                type="button"
                class="quiet"
                disabled={row.pruned !== undefined}
                onClick={() => setOpen([...open, row.group])}
              >
                {row.group_count} more{row.pruned !== undefined && ', no longer kept'}
              </button>
            </li>
          ) : (
            <Reported key={row.id} row={row} now={now} />
          ),
        )}
      </ol>
      <button type="button" onClick={() => setHours((before) => before + stepHours)}>
        Load more
      </button>
    </Panel>
  );
}

function Reported({ row, now }: { row: Extract<PastRow, { rtime: string }>; now: number }) {
  return (
    <li>
      <StateMark state={shownPush(row.state)} />
      <span class="past-info">
        <LongText text={row.info} />
        {row.alerts.map(({ id, channel, event, message }) => (
          <span class="badge" key={id}>
            {channel}/{event}: {message}
          </span>
        ))}
      </span>
      <span class="dim">
        <Age at={utcTime(row.rtime)} now={now} />
      </span>
    </li>
  );
}
