import type { JsonObject } from 'opsbro/sdk';
import { readDetail } from '../../../alerting/history/change-detail.ts';
import { type RecordedChange, report } from '../../../alerting/history/report.ts';
import { pendingStatus } from '../../../alerting/model.ts';
import type { History } from '../../board/history.ts';
import { OpsbroError } from '../../errors.ts';
import type { HostDeps } from '../../host/deps.ts';
import type { ControlRoute } from '../route-table.ts';
import type { ChecksReportView } from '../shapes.ts';
import { isoTime } from './views.ts';

/** The route of how the checks that run here fared. */
export function reportRoutes(deps: HostDeps, history: History): ControlRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/report/checks',
      scope: 'read',
      handle({ query: { since = '' } }) {
        const from = Date.parse(since);
        if (Number.isNaN(from))
          throw new OpsbroError('OPSBRO_API_INVALID', `since is not a time: '${since}'`);
        return { body: reportView(deps, history, from) as unknown as JsonObject };
      },
    },
  ];
}

function reportView(deps: HostDeps, history: History, since: number): ChecksReportView {
  const until = deps.clock.now();
  const oldest = history.knownSince('checks');
  const knownSince = oldest === null || oldest <= since ? null : oldest;
  const changes = history.list('checks').map(({ id, at, oldState, state, detail }): RecordedChange => {
    return { ...(detail ?? readDetail({}, oldState, state)), id, at };
  });
  const checks = deps.table
    .of('check')
    .filter(({ active }) => active)
    .map(({ object: { id, name } }) => ({ id, name, status: deps.board.verdicts.get(id) ?? pendingStatus }))
    .sort((left, right) => (left.id < right.id ? -1 : 1));
  const found = report(changes, checks, { since: Math.min(since, until), until, knownSince });
  return {
    since: isoTime(since) as string,
    until: isoTime(until) as string,
    known_since: isoTime(knownSince),
    checks: found.map(({ stateMs, ...one }, index) => ({
      id: one.id,
      name: checks[index]?.name ?? one.id,
      state: checks[index]?.status.hardState ?? 'pending',
      ok_percent: one.okPercent,
      seconds: {
        ok: stateMs.ok / 1000,
        warning: stateMs.warning / 1000,
        critical: stateMs.critical / 1000,
        unknown: stateMs.unknown / 1000,
        pending: stateMs.pending / 1000,
      },
      stale_seconds: one.staleMs / 1000,
      problems: one.problems,
      mttr_seconds: one.mttrMs === null ? null : one.mttrMs / 1000,
      changes: one.changes,
    })),
  };
}
