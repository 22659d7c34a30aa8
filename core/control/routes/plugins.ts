import type { JsonObject } from 'opsbro/sdk';
import type { PluginEntry } from '../../../configuration/model.ts';
import { functionViews } from '../../../configuration/sources/function-views.ts';
import { OpsbroError } from '../../errors.ts';
import type { ControlRoute } from '../route-table.ts';
import { type AgentInside, pluginViews } from './agent.ts';
import { pluginFacts, pluginView } from './views.ts';

/** Routes of plugins: list, show, release from quarantine. */
export function pluginRoutes(inside: AgentInside): ControlRoute[] {
  const { deps } = inside;
  const find = (id: string): PluginEntry => {
    const entry = deps.registry.get(id);
    if (entry === undefined) throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no plugin '${id}'`);
    return entry;
  };
  return [
    {
      method: 'GET',
      path: '/api/v1/plugins',
      scope: 'read',
      handle: () => ({ body: pluginViews(inside) as unknown as JsonObject[] }),
    },
    {
      method: 'POST',
      path: '/api/v1/plugins/:kind/:name/release',
      scope: 'admin',
      async handle({ params }) {
        const { id } = find(`${params.kind}/${params.name}`);
        const released = await deps.quarantine.release(id);
        for (const { object } of deps.table.runtimes())
          if (object.plugin === id) deps.scheduler.runNow(object.id);
        inside.linkServices();
        return { body: { released } };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/plugins/*id',
      scope: 'read',
      handle: ({ params }) => ({
        body: pluginView(
          pluginFacts(deps, inside.services(), inside.penalised()),
          find(params.id as string),
          true,
        ) as unknown as JsonObject,
      }),
    },
    {
      method: 'GET',
      path: '/api/v1/evaluator/functions',
      scope: 'read',
      handle: () => ({ body: functionViews(deps.registry.all()) as unknown as JsonObject[] }),
    },
  ];
}
