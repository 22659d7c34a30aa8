import { describe, expect, it } from 'vitest';
import {
  alertsOfServer,
  type PushServer,
  type PushState,
  pastPath,
  periodText,
  serviceRows,
  serviceState,
} from './model.ts';

const service = (id: number, title: string, state: PushState | null, timedOut = false) => ({
  ...{ id, name: title, title, period: 60, n_alerts: id },
  state: state && {
    rtime: '2026-01-01 00:00:00',
    timed_out: timedOut,
    seen_ago: '0:00:01',
    state,
    info: `is ${state}`,
  },
});
const server = (id: number, title: string, ...services: ReturnType<typeof service>[]): PushServer => ({
  ...{ id, name: title, title, ip: '10.0.0.1', n_alerts: 5, services },
});
const servers = [
  server(1, 'web1', service(1, 'queue', 'OK'), service(2, 'disk', 'FAIL')),
  server(2, 'web2', service(3, 'job', 'OK', true), service(4, 'named', null), service(5, 'x', 'UNK')),
];

describe('services that are pushed', () => {
  it('are listed with what is late first, then the worst', () => {
    expect(serviceRows(servers, '').map((row) => [row.service.title, row.state])).toEqual([
      ['job', 'stale'],
      ['disk', 'critical'],
      ['x', 'unknown'],
      ['named', 'pending'],
      ['queue', 'ok'],
    ]);
    expect(serviceRows(servers, 'WEB1 fail').map((row) => row.service.title)).toEqual(['disk']);
    expect(serviceState(service(1, 'a', 'WARN', true))).toBe('warning');
  });

  it('count alerts with those of their server', () => {
    expect(servers.map(alertsOfServer)).toEqual([8, 17]);
  });

  it('have a history with runs that are opened', () => {
    expect(pastPath('7', 48, ['1-3', '9-12'])).toBe(
      'api/v1/push/states/7?hours=48&groups=1&expand=1-3&expand=9-12',
    );
  });
});

it('a period is shown in seconds, as OverC did', () => {
  expect([periodText({ period: 600 }), periodText({ period: null })]).toEqual(['600s', 'none']);
});
