import type { JsonObject } from 'opsbro/sdk';
import { comparisonView } from '../../alerting/history/compare-view.ts';
import type { Presence } from '../../alerting/history/presence.ts';
import { reportView } from '../../alerting/history/report-view.ts';
import { pendingStatus } from '../../alerting/model.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import type { History } from '../board/history.ts';
import type { HostDeps } from '../host/deps.ts';
import { findObject } from './objects.ts';
import { timeOf } from './views.ts';

/** Routes of how the checks that run here fared, and of two of them against each other. */
export function reportRoutes(
  { board, clock, table }: HostDeps,
  history: History,
  presence: Presence,
): ControlRoute[] {
  const spanOf = (query: { [key: string]: string }) => {
    const until = clock.now();
    return {
      since: Math.min(timeOf(query, 'since'), until),
      until,
      knownSince: history.knownSince('checks'),
      gaps: presence.gaps,
    };
  };
  const reported = ({ object: { id, name, shadow } }: { object: CheckObject }) => {
    return { id, name, shadow, status: board.verdicts.get(id) ?? pendingStatus };
  };
  const find = (name = '') => reported(findObject(table.of('check'), 'check', name));
  return [
    {
      method: 'GET',
      path: '/api/v1/report/checks',
      scope: 'read',
      handle({ query }) {
        const checks = table.of('check').filter(({ active }) => active);
        const view = reportView(history.checkChanges(), checks.map(reported), spanOf(query));
        return { body: view as unknown as JsonObject };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/report/compare',
      scope: 'read',
      handle({ query }) {
        const [left, right] = [find(query.left), find(query.right)];
        const view = comparisonView(history.checkChanges(), left, right, spanOf(query));
        return { body: view as unknown as JsonObject };
      },
    },
  ];
}
