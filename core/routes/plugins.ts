import type { Json, JsonObject } from 'opsbro/sdk';
import type { PluginEntry } from '../../configuration/model.ts';
import { functionViews } from '../../configuration/sources/function-views.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import type { PluginView } from '../../control/shapes.ts';
import { OpsbroError } from '../errors.ts';
import { type AgentInside, pluginViews } from './agent.ts';
import { pluginFacts, pluginView } from './views.ts';

/** Routes of plugins: list, show, quarantine and release from it. */
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
      path: '/api/v1/plugins/:kind/:name/quarantine',
      scope: 'admin',
      async handle({ params, body }) {
        const { id } = find(`${params.kind}/${params.name}`);
        await deps.quarantine.add(id, reasonOf(body), deps.clock.now());
        inside.linkServices();
        return { body: { quarantined: true } };
      },
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
        body: showPlugin(inside, find(params.id as string)) as unknown as JsonObject,
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

function showPlugin({ deps, services, penalised, sandbox }: AgentInside, entry: PluginEntry): PluginView {
  const used = sandbox(entry.id);
  const figures = services.figures();
  const view = pluginView(pluginFacts(deps, figures, penalised()), entry, true);
  const emitted = deps.registry.counter(entry.id).emitted.view();
  for (const { plugin, emitsDropped } of figures) if (plugin === entry.id) emitted.dropped += emitsDropped;
  const hasEmitted = emitted.count + emitted.dropped > 0;
  return { ...view, ...(used && { sandbox: used }), ...(hasEmitted && { emitted }) };
}

function reasonOf(body: Json): string {
  const { reason } = (body ?? {}) as { reason?: unknown };
  if (reason === undefined) return 'an operator quarantined it';
  if (typeof reason === 'string' && reason.length <= 300) return reason;
  throw new OpsbroError('OPSBRO_API_INVALID', "'reason' must be a text of at most 300 characters");
}
