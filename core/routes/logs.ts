import type { JsonObject } from 'opsbro/sdk';
import type { LogsView } from '../../control/log-shapes.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import { OpsbroError } from '../errors.ts';

/** The route of the log's last events. It may tell more of the host than its figures do, so it asks for all rights. */
export function logRoutes(read: (after: number | null, part: string | null) => LogsView): ControlRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/logs',
      scope: 'admin',
      handle({ query: { after, part } }) {
        if (after !== undefined && !/^\d{1,15}$/.test(after)) {
          throw new OpsbroError('OPSBRO_API_INVALID', `'after' is '${after}', expected a number`);
        }
        return {
          body: read(after === undefined ? null : Number(after), part ?? null) as unknown as JsonObject,
        };
      },
    },
  ];
}
