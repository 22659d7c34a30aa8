import type { PlainError } from '../../core/errors.ts';
import type { PluginLimits } from '../model.ts';

/** A limit by the name it has in a manifest. */
export type LimitName =
  | 'cpu'
  | 'cpu_per_minute'
  | 'memory'
  | 'output'
  | 'metrics'
  | 'log_lines'
  | 'host_calls';

/** A limit that a run went over. */
export interface Breach {
  limit: LimitName;
  /** The limit itself, ms, bytes or a number. */
  value: number;
  /** What was found, in the same unit, as far as it was followed. */
  found: number;
}

const limits: {
  [name in LimitName]: { key: keyof PluginLimits; unit: 'ms' | 'bytes' | ''; what: string };
} = {
  cpu: { key: 'cpuMs', unit: 'ms', what: 'of processor time' },
  cpu_per_minute: { key: 'cpuPerMinuteMs', unit: 'ms', what: 'of processor time within a minute' },
  memory: { key: 'memoryBytes', unit: 'bytes', what: 'of memory' },
  output: { key: 'outputBytes', unit: 'bytes', what: 'of output' },
  metrics: { key: 'metrics', unit: '', what: 'different metrics within a day' },
  log_lines: { key: 'logLines', unit: '', what: 'lines of log' },
  host_calls: { key: 'hostCalls', unit: '', what: 'calls of the host' },
};

/** Names a limit that was broken. */
export function breachOf(limit: LimitName, has: PluginLimits, found: number): Breach {
  return { limit, value: has[limits[limit].key], found: Math.round(found) };
}

/** The failure of a run that went over a limit: which, what it is, and what to do. */
export function budgetError(breach: Breach): PlainError {
  const { limit, value } = breach;
  const { unit, what } = limits[limit];
  const most = unit === 'bytes' ? sizeText(value) : unit === '' ? String(value) : `${value} ${unit}`;
  return {
    code: 'OPSBRO_PLUGIN_BUDGET',
    message: `used more than ${most} ${what}; let it do less, or raise '${limit}' under 'limits' of its manifest and approve it again`,
    data: { ...breach },
  };
}

function sizeText(bytes: number): string {
  return bytes >= 2 ** 20 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${Math.round(bytes / 1024)} KiB`;
}
