import type { JsonObject } from 'opsbro/sdk';
import { readSupposed } from '../../alerting/explain/suppose.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Alerting } from '../notify/alerting.ts';
import { explainCheck } from '../notify/explanation.ts';
import type { ConfigAsker } from './config.ts';
import { findObject } from './objects.ts';
import { checkView, timeOf } from './views.ts';

/** The route of why a check is what it is, and why whom was told or not. */
export function explainRoutes(deps: HostDeps, alerting: Alerting, config: ConfigAsker): ControlRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/explain/checks/*name',
      scope: 'read',
      async handle({ params: { name = '' }, query }) {
        const runtime = findObject(deps.table.of('check'), 'check', name);
        const at = query.at === undefined ? null : timeOf(query, 'at');
        const since = query.since === undefined ? 0 : timeOf(query, 'since');
        const question = { at, since, supposed: readSupposed(query.if, at !== null) };
        const found = await explainCheck(deps, alerting, (id) => config.show(id), runtime.object, question);
        return { body: { check: checkView(deps, runtime), ...found } as unknown as JsonObject };
      },
    },
  ];
}
