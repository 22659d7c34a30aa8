import type { AgentSettings } from '../../configuration/model.ts';
import { defaultExpressionLimits } from '../../language/program.ts';

/** What holds before `agent.yml` was read. */
export const initialSettings: AgentSettings = {
  groups: [],
  displayName: '',
  nodeZone: 'internet',
  logLevel: 'info',
  variables: {},
  limits: {
    expressionCpuMs: defaultExpressionLimits.cpuMs,
    expressionWatchdogMs: defaultExpressionLimits.watchdogMs,
    expressionMemoryBytes: defaultExpressionLimits.memoryBytes,
    maxRssBytes: 512 * 1024 * 1024,
  },
  values: {},
};
