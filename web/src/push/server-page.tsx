import { useResource } from '../api/resource.ts';
import { Empty, Facts } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { WindowedTable } from '../parts/windowed-table.tsx';
import { linkTo } from '../shell/route.ts';
import { AlertsPanel } from './alerts-panel.tsx';
import { DeleteItem } from './delete-item.tsx';
import { type PushStatus, serviceRows } from './model.ts';
import { serviceColumns } from './push-columns.tsx';
import { PushNotes } from './push-notes.tsx';
import { ResetKey } from './reset-key.tsx';

const everyMs = 5000;

/** One server that reports: its services and alerts. */
export function ServerPage({ id }: { id: string }) {
  const { data, error, reload } = useResource<PushStatus>(
    `api/v1/push/status?server=${encodeURIComponent(id)}`,
    {
      everyMs,
    },
  );
  const server = data?.servers[0];
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href={linkTo(['push'])}>Push</a>
      </nav>
      <div class="page-head">
        <h1>{server?.title ?? `Server ${id}`}</h1>
        {server !== undefined && (
          <span class="buttons">
            <ResetKey name={server.name} onDone={reload} />
            <DeleteItem kind="server" id={server.id} title={server.title} back={linkTo(['push'])} />
          </span>
        )}
      </div>
      <PushNotes status={data} error={error} reload={reload} />
      {data !== undefined && server === undefined && (
        <Empty>There is no such server, or it has no services.</Empty>
      )}
      {server !== undefined && (
        <>
          <Panel title="Services">
            <Facts
              facts={[
                ['Name', server.name],
                ['First came from', server.ip],
                ['Services', server.services.length],
              ]}
            />
            <WindowedTable
              label="Services"
              grid="grid-services"
              lines={3}
              columns={serviceColumns}
              rows={serviceRows([server], '')}
              keyOf={({ service }) => String(service.id)}
              empty="It has no services."
            />
          </Panel>
          <AlertsPanel query={`server=${server.id}`} />
        </>
      )}
    </>
  );
}
