import { useResource } from '../api/resource.ts';
import { useNow } from '../live/live.ts';
import { Age, Empty, Facts } from '../parts/notes.tsx';
import { Output } from '../parts/output.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { checkLink, linkTo } from '../shell/route.ts';
import { spanText, utcTime } from '../text/age.ts';
import { AlertsPanel } from './alerts-panel.tsx';
import { DeleteItem } from './delete-item.tsx';
import { type PushServer, type PushService, type PushStatus, serviceState } from './model.ts';
import { PastPanel } from './past-panel.tsx';
import { PushNotes } from './push-notes.tsx';

const everyMs = 5000;

/** One service that is reported: how it stands, its history and alerts. */
export function ServicePage({ id }: { id: string }) {
  const { data, error, reload } = useResource<PushStatus>(
    `api/v1/push/status?service=${encodeURIComponent(id)}`,
    {
      everyMs,
    },
  );
  const server = data?.servers[0];
  const service = server?.services[0];
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href={linkTo(['push'])}>Push</a>
        {server !== undefined && <a href={linkTo(['push', 'server', String(server.id)])}>{server.title}</a>}
      </nav>
      <div class="page-head">
        <h1>{service?.title ?? `Service ${id}`}</h1>
        {service !== undefined && server !== undefined && (
          <>
            <StateMark state={serviceState(service)} />
            {service.state?.timed_out && <span class="timeout">Timeout</span>}
            <DeleteItem
              kind="service"
              id={service.id}
              title={`${server.title} ${service.title}`}
              back={linkTo(['push'])}
            />
          </>
        )}
      </div>
      <PushNotes status={data} error={error} reload={reload} />
      {data !== undefined && service === undefined && <Empty>There is no such service.</Empty>}
      {service !== undefined && server !== undefined && (
        <>
          <LastReport server={server} service={service} />
          <PastPanel id={id} lastId={data?.stats.last_state_id ?? 0} />
          <AlertsPanel query={`service=${service.id}`} />
        </>
      )}
    </>
  );
}

/** The check of a service; a slash in the name of a server would be one between names. */
function checkOf(server: PushServer, service: PushService): string {
  return `push/check/${server.name.replaceAll('%', '%25').replaceAll('/', '%2F')}/${service.name}`;
}

function LastReport({ server, service }: { server: PushServer; service: PushService }) {
  const now = useNow();
  const { state, period, name } = service;
  return (
    <Panel
      title="Last report"
      aside={<a href={checkLink(checkOf(server, service))}>As a check: timeline, who is told, actions</a>}
    >
      <Output label="Info" text={state?.info || 'no info'} />
      <Facts
        facts={[
          ['Name', name],
          ['Period', period === null ? 'nobody said' : spanText(period)],
          ['State', state === null ? 'none yet' : state.state],
          ['Seen', state === null ? 'never' : <Age key="a" at={utcTime(state.rtime)} now={now} />],
        ]}
      />
    </Panel>
  );
}
