import type { Json, JsonObject, Tree } from 'opsbro/sdk';

/** What the core pushes to a plugin that needs `agent`: the bodies of the control routes `agent`, `plugins` and `handlers`. */
export interface AgentFacts {
  agent: JsonObject;
  plugins: JsonObject[];
  handlers: JsonObject[];
}

const PLUGIN_FIGURES = [
  'runs',
  'errors',
  'timeouts',
  'restarts',
  'skipped',
  'late',
  'last_ms',
  'p99_ms',
  'heap_bytes',
];

const HANDLER_FIGURES = ['waiting', 'dead', 'delivered', 'failed', 'failures_in_row'];

/** Sections of the agent's view whose numbers are taken as they are. */
const SECTIONS = [
  'memory',
  'loop_delay_ms',
  'schedule',
  'configuration',
  'checks',
  'collectors',
  'threads',
  'logs',
  'notifications',
];

/** Narrows what came with the options; undefined when it is not facts about the agent. */
export function asAgentFacts(facts: Json | undefined): AgentFacts | undefined {
  if (!isObject(facts) || !isObject(facts.agent) || !Array.isArray(facts.plugins)) return undefined;
  const handlers = Array.isArray(facts.handlers) ? facts.handlers.filter(isObject) : [];
  return { agent: facts.agent, plugins: facts.plugins.filter(isObject), handlers };
}

/** The agent's own figures. What is not known yet (null) is left out. */
export function agentFigures(agent: JsonObject): Tree {
  const tree: Tree = {
    ...texts(agent, ['state', 'version']),
    ...numbers(agent, ['uptime', 'cpu_percent', 'detectors']),
  };
  if (Array.isArray(agent.groups)) tree.groups = agent.groups.length;
  for (const section of SECTIONS) {
    const values = agent[section];
    if (isObject(values)) tree[section] = numbers(values, Object.keys(values));
  }
  const plugins = agent.plugins;
  if (isObject(plugins)) {
    const troubled = Array.isArray(plugins.troubled) ? plugins.troubled.length : 0;
    tree.plugin_count = { ...numbers(plugins, ['total']), troubled };
  }
  return tree;
}

/** The figures of every plugin, by kind and by name: `collector/memory` is `collector.memory`. */
export function pluginFigures(plugins: readonly JsonObject[]): Tree {
  const kinds = new Map<string, [string, Tree][]>();
  for (const plugin of plugins) {
    if (typeof plugin.id !== 'string') continue;
    const [kind = '', name] = plugin.id.split('/');
    if (kind === '' || name === undefined) continue;
    const entries = kinds.get(kind) ?? [];
    entries.push([name, numbers(plugin, PLUGIN_FIGURES)]);
    kinds.set(kind, entries);
  }
  return Object.fromEntries([...kinds].map(([kind, entries]) => [kind, Object.fromEntries(entries)]));
}

/** The figures of every handler's outbox, by the handler's name. */
export function handlerFigures(handlers: readonly JsonObject[]): Tree {
  return Object.fromEntries(
    handlers.flatMap((handler) =>
      typeof handler.name === 'string' ? [[handler.name, numbers(handler, HANDLER_FIGURES)]] : [],
    ),
  );
}

function numbers(source: JsonObject, keys: readonly string[]): Tree {
  return pick(source, keys, (value) => typeof value === 'number' && Number.isFinite(value));
}

function texts(source: JsonObject, keys: readonly string[]): Tree {
  return pick(source, keys, (value) => typeof value === 'string');
}

function pick(source: JsonObject, keys: readonly string[], wanted: (value: Json) => boolean): Tree {
  const entries = keys.map((key): [string, Json] => [key, source[key] ?? null]);
  return Object.fromEntries(entries.filter(([, value]) => wanted(value)));
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
