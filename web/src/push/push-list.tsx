import { useEffect, useMemo, useState } from 'preact/hooks';
import { useResource } from '../api/resource.ts';
import { isDeferred, onDeferred } from '../parts/deferred.ts';
import { Panel } from '../parts/panel.tsx';
import { WindowedTable } from '../parts/windowed-table.tsx';
import { type Route, replaceQuery } from '../shell/route.ts';
import { countText } from '../text/quantity.ts';
import { AlertsPanel } from './alerts-panel.tsx';
import { type PushStatus, serviceRows } from './model.ts';
import { serverColumns, serviceColumns } from './push-columns.tsx';
import { PushNotes } from './push-notes.tsx';

const everyMs = 5000;

/** The state of all, asked for anew when something is deleted or taken back. */
function useStatus() {
  const { data, error, reload } = useResource<PushStatus>('api/v1/push/status', { everyMs });
  const [, setRound] = useState(0);
  useEffect(
    () =>
      onDeferred(() => {
        setRound((round) => round + 1);
        reload();
      }),
    [reload],
  );
  return { data, error };
}

/** Every server and service: as icons a server, or in detail a service a line. */
export function PushList({ route }: { route: Route }) {
  const { data, error } = useStatus();
  const [text, setText] = useState('');
  const isDetailed = route.query.get('view') !== 'servers';
  const servers = (data?.servers ?? []).filter(({ id }) => !isDeferred(`server ${id}`));
  const rows = useMemo(() => serviceRows(data?.servers ?? [], text), [data, text]).filter(
    ({ server, service }) => !isDeferred(`server ${server.id}`) && !isDeferred(`service ${service.id}`),
  );
  const wanted = text.toLowerCase();
  const shown = servers.filter(({ title, name }) => `${title} ${name}`.toLowerCase().includes(wanted));
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
      <PushNotes status={data} error={error} />
      {error?.status !== 404 && (
        <>
          <Panel
            title={isDetailed ? 'Services' : 'Servers'}
            aside={<ListChoice isDetailed={isDetailed} route={route} text={text} onText={setText} />}
          >
            {isDetailed ? (
              <WindowedTable
                label="Services"
                grid="grid-checks"
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
      )}
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
    <div class="filters">
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
