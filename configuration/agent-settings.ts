import type { Json, JsonObject } from 'opsbro/sdk';
import type { AgentSettings, Diagnostic } from './model.ts';
import { parseDuration, parseSize } from './sources/duration.ts';
import { Findings } from './sources/findings.ts';
import { kindSchemas } from './sources/kinds.ts';
import { fillOptions } from './sources/options.ts';
import { isMapping, type RawObject } from './sources/split.ts';
import { unknownKey, validate } from './sources/validate.ts';

/** Free data that exists without an agent.yml: where Debian puts Nagios plugins. */
const standing: JsonObject = { nagiosplugins: '/usr/lib/nagios/plugins' };

/**
 * Checks one agent.yml. A key that is no setting is accepted as free data when it is a scalar that some `$macro$` names; what is
 * given is returned without the free keys, and they apart. `keyed` are the plugins that stand there under their names.
 */
export function checkAgent(
  raw: RawObject,
  macros: ReadonlySet<string>,
  keyed: Iterable<string>,
): { values: JsonObject; free: JsonObject; diagnostics: Diagnostic[] } {
  const findings = new Findings();
  const known = kindSchemas.agent.properties;
  const values: JsonObject = {};
  const free: JsonObject = {};
  for (const [key, value] of Object.entries(raw.value)) {
    const isFree = macros.has(key) && typeof value !== 'object';
    if (Object.hasOwn(known, key)) values[key] = key === 'heartbeat' ? wholeHeartbeat(value) : value;
    else if (isFree) free[key] = value;
    else {
      const names = [...Object.keys(known), ...keyed];
      const message = unknownKey(key, "agent.yml (free data goes below 'variables:')", names);
      findings.error('OPSBRO_CONFIG_UNKNOWN_KEY', message, raw.locate([key], 'key'));
    }
  }
  for (const { code, message, path, of } of validate(kindSchemas.agent, values, 'agent.yml'))
    findings.error(code, message, raw.locate(path, of));
  return { values, free, diagnostics: findings.list };
}

/** More than this outruns the thread's own stack, and the guest with it, before QuickJS says so. */
const maxStackBytes = 256 * 2 ** 10;

/** The settings of the agent from merged, checked values; `free` is the data that macros name. */
export function agentSettings(given: JsonObject, free: JsonObject): AgentSettings {
  const values = fillOptions(kindSchemas.agent, given);
  const limits = values.limits as JsonObject;
  const level = String(values.log_level).toLowerCase().replace('warning', 'warn');
  return {
    groups: values.groups as string[],
    displayName: String(values.display_name),
    nodeZone: String(given.node_zone ?? values['node-zone']),
    logLevel: level as AgentSettings['logLevel'],
    variables: { ...standing, ...free, ...(values.variables as JsonObject) },
    limits: {
      expressionCpuMs: parseDuration(limits.expression_cpu) ?? 50,
      expressionWatchdogMs: parseDuration(limits.expression_watchdog) ?? 300,
      expressionMemoryBytes: parseSize(limits.expression_memory) ?? 64 * 2 ** 20,
      expressionStackBytes: Math.min(parseSize(limits.expression_stack) ?? 128 * 2 ** 10, maxStackBytes),
      maxRssBytes: parseSize(limits.max_rss) ?? 512 * 2 ** 20,
    },
    heartbeat: heartbeatOf(values),
    explainDays: Number(values.explain_days),
    values,
  };
}

/** A heartbeat may be its URL alone. */
function wholeHeartbeat(value: Json): Json {
  return typeof value === 'string' ? { url: value } : value;
}

function heartbeatOf({ heartbeat, ca_file }: JsonObject): AgentSettings['heartbeat'] {
  if (!isMapping(heartbeat) || heartbeat.url === undefined) return null;
  const options = { url: heartbeat.url, ...(ca_file !== undefined && { ca_file }) };
  return { intervalMs: parseDuration(heartbeat.interval) ?? 60_000, options };
}

/** What macros and `configuration.` see of the agent: its settings without secrets, then free data, then `variables:`. */
export function globalData(settings: AgentSettings): JsonObject {
  const {
    variables: _,
    encryption_key: __,
    master_key_priv: ___,
    heartbeat: ____,
    ...plain
  } = settings.values;
  return { ...plain, ...settings.variables };
}
