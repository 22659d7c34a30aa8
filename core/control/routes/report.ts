import type { JsonObject } from 'opsbro/sdk';
import { readDetail } from '../../../alerting/history/change-detail.ts';
import { reportView } from '../../../alerting/history/report-view.ts';
import { pendingStatus } from '../../../alerting/model.ts';
import type { History } from '../../board/history.ts';
import { OpsbroError } from '../../errors.ts';
import type { HostDeps } from '../../host/deps.ts';
import type { ControlRoute } from '../route-table.ts';

/** The route of how the checks that run here fared. */
export function reportRoutes({ board, clock, table }: HostDeps, history: History): ControlRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/report/checks',
      scope: 'read',
      handle({ query }) {
        const since = Date.parse(query.since ?? '');
        if (Number.isNaN(since))
          throw new OpsbroError('OPSBRO_API_INVALID', `since is not a time: '${query.since ?? ''}'`);
        const until = clock.now();
        const changes = history
          .list('checks')
          .map(({ id, at, oldState, state, detail = readDetail({}, oldState, state) }) => ({
            ...detail,
            id,
            at,
          }));
        const checks = table
          .of('check')
          .filter(({ active }) => active)
          .map(({ object: { id, name } }) => ({ id, name, status: board.verdicts.get(id) ?? pendingStatus }));
        const span = { since: Math.min(since, until), until, knownSince: history.knownSince('checks') };
        return { body: reportView(changes, checks, span) as unknown as JsonObject };
      },
    },
  ];
}
