import { useMemo, useState } from 'preact/hooks';
import { useResource } from '../api/resource.ts';
import { Panel } from '../parts/panel.tsx';
import { WindowedTable } from '../parts/windowed-table.tsx';
import { type Route, replaceQuery } from '../shell/route.ts';
import { countText } from '../text/quantity.ts';
import { AlertsPanel } from './alerts-panel.tsx';
import { type PushStatus, serviceRows } from './model.ts';
import { serverColumns, serviceColumns } from './push-columns.tsx';
import { PushNotes } from './push-notes.tsx';

const everyMs = 5000;

/** Every server and service: as icons a server, or in detail a service a line. */
export function PushList({ route }: { route: Route }) {
  const { data, error, reload } = useResource<PushStatus>('api/v1/push/status', { everyMs });
  const [text, setText] = useState('');
  const isDetailed = route.query.get('view') !== 'servers';
  const rows = useMemo(() => serviceRows(data?.servers ?? [], text), [data, text]);
  const wanted = text.toLowerCase();
  const shown = (data?.servers ?? []).filter(({ title, name }) =>
    `${title} ${name}`.toLowerCase().includes(wanted),
  );
  const empty = data === undefined ? 'Asking the agent …' : 'Nobody reports, or nothing fits.';
  return (
    <>
      <div class="page-head">
        <h1>Push</h1>
        {data !== undefined && (
          <span class="dim" role="status">
            {countText(shown.length, 'server')}, {countText(rows.length, 'service')}
          </span>
        )}
      </div>
      <PushNotes status={data} error={error} reload={reload} />
      <Panel
        title={isDetailed ? 'Services' : 'Servers'}
        aside={<ListChoice isDetailed={isDetailed} route={route} text={text} onText={setText} />}
      >
        {isDetailed ? (
          <WindowedTable
            label="Services"
            grid="grid-services"
            lines={3}
            columns={serviceColumns}
            rows={rows}
            keyOf={({ service }) => String(service.id)}
            empty={empty}
          />
        ) : (
          <WindowedTable
            label="Servers"
            grid="grid-servers"
            columns={serverColumns}
            rows={shown}
            keyOf={({ id }) => String(id)}
            empty={empty}
          />
        )}
      </Panel>
      <AlertsPanel query="" />
    </>
  );
}

interface ChoiceProps {
  isDetailed: boolean;
  route: Route;
  text: string;
  onText(text: string): void;
}

function ListChoice({ isDetailed, route, text, onText }: ChoiceProps) {
  return (
    <div class="filters is-aside">
      <input
        type="search"
        aria-label="Text that servers or services hold"
        placeholder="Name or info"
        value={text}
        onInput={({ currentTarget }) => onText(currentTarget.value)}
      />
      <fieldset class="toggles">
        <legend class="unseen">View</legend>
        <button
          type="button"
          class="toggle"
          aria-pressed={isDetailed}
          onClick={() => replaceQuery(route, {})}
        >
          Detailed
        </button>
        <button
          type="button"
          class="toggle"
          aria-pressed={!isDetailed}
          onClick={() => replaceQuery(route, { view: 'servers' })}
        >
          Servers
        </button>
      </fieldset>
    </div>
  );
}
