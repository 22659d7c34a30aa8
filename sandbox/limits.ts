import type { Limits } from 'opsbro/sdk';
import { parseDuration, parseSize } from '../configuration/sources/duration.ts';
import type { PluginLimits } from './model.ts';

/** What a manifest that says nothing gets. */
export const defaultLimits: PluginLimits = {
  cpuMs: 200,
  cpuPerMinuteMs: 3000,
  memoryBytes: 32 * 2 ** 20,
  outputBytes: 256 * 2 ** 10,
  metrics: 1000,
  logLines: 100,
  hostCalls: 200,
};

/** The most that any manifest may ask for. */
export const largestLimits: PluginLimits = {
  cpuMs: 10_000,
  cpuPerMinuteMs: 60_000,
  memoryBytes: 512 * 2 ** 20,
  outputBytes: 4 * 2 ** 20,
  metrics: 20_000,
  logLines: 1000,
  hostCalls: 10_000,
};

/** QuickJS does not start with less memory than this. */
const smallestMemoryBytes = 16 * 2 ** 20;

/** The limits a manifest asks for in numbers: defaults filled in, none above `largestLimits`. Takes a manifest that was validated. */
export function readLimits(asked: Limits | undefined): PluginLimits {
  const { cpu, cpu_per_minute, memory, output, metrics, log_lines, host_calls } = asked ?? {};
  const wanted: { [key in keyof PluginLimits]: number | undefined } = {
    cpuMs: parseDuration(cpu),
    cpuPerMinuteMs: parseDuration(cpu_per_minute),
    memoryBytes: parseSize(memory),
    outputBytes: parseSize(output),
    metrics,
    logLines: log_lines,
    hostCalls: host_calls,
  };
  const keys = Object.keys(wanted) as (keyof PluginLimits)[];
  const limits = Object.fromEntries(
    keys.map((key) => [key, Math.min(wanted[key] ?? defaultLimits[key], largestLimits[key])]),
  ) as unknown as PluginLimits;
  return { ...limits, memoryBytes: Math.max(limits.memoryBytes, smallestMemoryBytes) };
}
