import { answerBy, refusal } from '../../control/answer.ts';
import type { RouteTable } from '../../control/route-table.ts';
import type { RouteAsker } from '../../threads/context/errand-line.ts';
import { OpsbroError } from '../errors.ts';
import type { Registry } from '../host/registry.ts';

/**
 * Answers what services ask of the route table with `ctx.ask`; what goes wrong is an answer too. Rejects only with OPSBRO_API_DENIED, for a
 * plugin whose manifest does not name `routes` in `needs`.
 */
export function routeAsker(registry: Registry, routes: RouteTable): RouteAsker {
  return async (plugin, { route: path, method, params, query, body, fields, accept }) => {
    if (registry.get(plugin)?.manifest.needs?.includes('routes') !== true)
      throw new OpsbroError('OPSBRO_API_DENIED', `${plugin} does not declare 'needs: [routes]'`);
    try {
      return await answerBy(routes.find(method, path), {
        ...{ params, query, body },
        ...(fields !== undefined && { fields }),
        ...(accept !== undefined && { accept }),
      });
    } catch (error) {
      return refusal(error);
    }
  };
}
