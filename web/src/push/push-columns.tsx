import { Flash } from '../parts/flash.tsx';
import { StateMark, StateShape } from '../parts/state-mark.tsx';
import type { Column } from '../parts/windowed-table.tsx';
import { linkTo } from '../shell/route.ts';
import { alertsOfServer, type PushServer, periodText, type ServiceRow, serviceState } from './model.ts';
import { AlertBadge } from './push-notes.tsx';

/** A server with the states of its services, as the overview lists them. */
export const serverColumns: Column<PushServer>[] = [
  {
    title: 'Server',
    name: 'check',
    cell: (server) => (
      <>
        <a href={linkTo(['push', 'server', String(server.id)])} title={server.name}>
          {server.title}
        </a>{' '}
        <AlertBadge count={alertsOfServer(server)} />
      </>
    ),
  },
  {
    title: 'Services',
    name: 'services',
    cell: ({ services }) => (
      <span class="icons">
        {services.map((service) => (
          <a
            key={service.id}
            href={linkTo(['push', 'service', String(service.id)])}
            title={`${service.title}: ${serviceState(service)}`}
          >
            <Flash value={serviceState(service)}>
              <StateShape state={serviceState(service)} />
            </Flash>
            <span class="unseen">
              {service.title}: {serviceState(service)}
            </span>
          </a>
        ))}
      </span>
    ),
  },
  { title: 'Address', name: 'host', cell: ({ ip }) => ip },
];

/** A service with what it said last, as the detailed list has them. */
export const serviceColumns: Column<ServiceRow>[] = [
  {
    title: 'State',
    name: 'state',
    cell: ({ state, service }) => (
      <Flash value={`${state} ${service.state?.timed_out}`}>
        <StateMark state={state} />
        {service.state?.timed_out && <span class="timeout">Timeout</span>}
      </Flash>
    ),
  },
  {
    title: 'Service',
    name: 'check',
    cell: ({ service }) => (
      <>
        <a
          href={linkTo(['push', 'service', String(service.id)])}
          title={`${service.name}, period: ${periodText(service)}`}
        >
          {service.title}
        </a>{' '}
        <AlertBadge count={service.n_alerts} />
      </>
    ),
  },
  {
    title: 'Server',
    name: 'host',
    cell: ({ server }) => <a href={linkTo(['push', 'server', String(server.id)])}>{server.title}</a>,
  },
  {
    title: 'Info',
    name: 'output',
    cell: ({ service: { state } }) => (
      <Flash value={state?.info ?? ''}>
        <span title={state?.info}>{state?.info}</span>
      </Flash>
    ),
  },
  { title: 'Period', name: 'period', cell: ({ service }) => periodText(service) },
  { title: 'Seen', name: 'since', cell: ({ service }) => service.state?.seen_ago ?? 'never' },
];
