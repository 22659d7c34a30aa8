import type { ControlRoute } from '../../control/route-table.ts';
import type { History } from '../board/history.ts';
import type { Runner } from '../host/runner.ts';
import type { Alerting } from '../notify/alerting.ts';
import { handlerRoutes } from '../notify/handler-routes.ts';
import { type AgentInside, agentRoutes } from './agent.ts';
import { alertingRoutes } from './alerting.ts';
import { type ConfigAsker, configRoutes, type Explainer, evaluatorRoutes } from './config.ts';
import { explainRoutes } from './explain.ts';
import { logRoutes } from './logs.ts';
import { checkRoutes, collectorRoutes, detectorRoutes, historyRoutes } from './objects.ts';
import { oldRoutes } from './old-paths.ts';
import { pluginRoutes } from './plugins.ts';
import { reportRoutes } from './report.ts';

/** What the routes reach. */
export interface RouteParts {
  inside: AgentInside;
  runner: Runner;
  history: History;
  alerting: Alerting;
  config: ConfigAsker;
  explainer(): Explainer;
}

/** Every route of the core. */
export function controlRoutes({
  inside,
  runner,
  history,
  alerting,
  config,
  explainer,
}: RouteParts): ControlRoute[] {
  return [
    ...agentRoutes(inside),
    ...collectorRoutes(inside.deps, runner),
    ...detectorRoutes(inside.deps, runner),
    ...checkRoutes(inside.deps, runner),
    ...historyRoutes(history),
    ...reportRoutes(inside.deps, history, alerting.presence),
    ...alertingRoutes(inside.deps, alerting.book),
    ...explainRoutes(inside.deps, alerting, config),
    alerting.passive.route(),
    ...handlerRoutes(inside.deps, alerting.desk),
    ...pluginRoutes(inside),
    ...logRoutes((after, part) => inside.readLog(after, part)),
    ...configRoutes(inside, config),
    ...evaluatorRoutes(inside, config, explainer),
    ...oldRoutes(inside, history),
  ];
}
