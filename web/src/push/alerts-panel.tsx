import { useState } from 'preact/hooks';
import { useResource } from '../api/resource.ts';
import { useNow } from '../live/live.ts';
import { Age, Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { SimpleTable } from '../parts/simple-table.tsx';
import { linkTo } from '../shell/route.ts';
import { utcTime } from '../text/age.ts';
import type { PushAlert } from './model.ts';

const everyMs = 5000;
const stepHours = 24;
const mostShown = 200;

/** Alerts of the last day, or of more; `query` is `server=1`, `service=1` or '' for all. */
export function AlertsPanel({ query }: { query: string }) {
  const now = useNow(5000);
  const [hours, setHours] = useState(stepHours);
  const selected = query === '' ? '' : `&${query}`;
  const { data, error } = useResource<{ alerts: PushAlert[] }>(
    `api/v1/push/alerts?hours=${hours}${selected}`,
    { everyMs },
  );
  const alerts = data?.alerts ?? [];
  return (
    <Panel
      title="Alerts"
      aside={
        <button type="button" class="quiet" onClick={() => setHours((before) => before + stepHours)}>
          Load more
        </button>
      }
    >
      <Awaited data={data} error={error} />
      {data !== undefined && alerts.length === 0 && <Empty>No alert in the last {hours} hours.</Empty>}
      <SimpleTable
        label="Alerts"
        titles={['When', 'Of', 'Event', 'Message', 'Info']}
        rows={alerts
          .slice(0, mostShown)
          .map(({ id, server, server_id: serverId, service, service_id: serviceId, ctime, ...alert }) => [
            String(id),
            <Age key="a" at={utcTime(ctime)} now={now} />,
            <a
              key="o"
              href={
                serviceId === null
                  ? linkTo(['push', 'server', String(serverId)])
                  : linkTo(['push', 'service', String(serviceId)])
              }
            >
              {server} {service}
            </a>,
            `${alert.channel}/${alert.event}`,
            alert.message,
            alert.state_info ?? '',
          ])}
      />
    </Panel>
  );
}
