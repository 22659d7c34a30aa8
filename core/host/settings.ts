import type { AgentSettings } from '../../configuration/model.ts';
import { defaultExpressionLimits } from '../../language/program.ts';

/** What holds before `agent.yml` was read. */
export const initialSettings: AgentSettings = {
  groups: [],
  displayName: '',
  nodeZone: 'internet',
  logLevel: 'info',
  variables: {},
  heartbeat: null,
  explainDays: 7,
  limits: {
    expressionCpuMs: defaultExpressionLimits.cpuMs,
    expressionWatchdogMs: defaultExpressionLimits.watchdogMs,
    expressionMemoryBytes: defaultExpressionLimits.memoryBytes,
    expressionStackBytes: defaultExpressionLimits.stackBytes,
    maxRssBytes: 512 * 1024 * 1024,
  },
  values: {},
};

/** The settings that hold now; the display name is the host's where they give none. */
export class CurrentSettings {
  #now: AgentSettings;
  readonly #hostName: string;

  constructor(hostName: string) {
    this.#hostName = hostName;
    this.#now = { ...initialSettings, displayName: hostName };
  }

  get now(): AgentSettings {
    return this.#now;
  }

  use(next: AgentSettings): void {
    this.#now = { ...next, displayName: next.displayName === '' ? this.#hostName : next.displayName };
  }
}
