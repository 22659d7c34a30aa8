import type { Json, JsonObject } from 'opsbro/sdk';
import type { PluginEntry } from '../configuration/model.ts';
import { kindSchemas, openFormats } from '../configuration/offline.ts';
import type { OfflineConfiguration } from './offline-configuration.ts';

const objectKinds = ['detector', 'check', 'collector', 'handler'] as const;

/**
 * One JSON Schema (draft-07 vocabulary, which every editor knows) of all configuration files, made from the same schemas that
 * `config check` uses: the kinds' own keys and the options of the plugins that are installed.
 */
export function configSchema({ configuration, directories }: OfflineConfiguration): JsonObject {
  const { plugins } = configuration.read(directories);
  const entries = [...plugins.entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const kinds = objectKinds.map((kind) => [kind, withPlugins(kind, entries)] as const);
  const keyed = [...plugins.keyed].map(([name, entry]) => [name, keyedSchema(entry)] as const);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'OpsBro configuration',
    description:
      'A file of config.d. parameters.yml and package.yml hold free data; agent.yml holds the keys of `agent`.',
    type: 'object',
    // What the schema of a dashboard refers to by its place.
    $defs: openFormats(kindSchemas.dashboard.$defs ?? {}),
    properties: {
      ...(openFormats(kindSchemas.agent.properties) as JsonObject),
      agent: openFormats(kindSchemas.agent),
      parameters: { type: 'object' },
      package: { type: 'object' },
      dashboard: openFormats(kindSchemas.dashboard),
      zone: openFormats(kindSchemas.zone),
      downtime: openFormats(kindSchemas.downtime),
      silence: openFormats(kindSchemas.silence),
      ...Object.fromEntries(kinds),
      ...Object.fromEntries(keyed),
    },
  };
}

/** A kind's keys, those of every plugin's options beside them, and the exact options once `use`, or a handler's `type`, names a plugin. */
function withPlugins(kind: (typeof objectKinds)[number], all: readonly PluginEntry[]): Json {
  const entries = all.filter(({ manifest }) => manifest.kind === kind && manifest.runs !== 'expression');
  const own = kindSchemas[kind].properties;
  const beside: JsonObject = {};
  for (const { id, manifest } of entries)
    for (const name of Object.keys(optionsOf(manifest.options)))
      beside[name] ??= { description: `an option of ${id}` };
  const use: JsonObject = {
    ...(own.use as JsonObject),
    anyOf: [
      { enum: all.filter(({ manifest }) => manifest.kind === kind).map(({ manifest }) => manifest.name) },
      { type: 'string' },
    ],
  };
  const exact = entries
    .filter(({ manifest }) => Object.keys(optionsOf(manifest.options)).length > 0)
    .map(({ manifest }): Json => {
      const options = optionsOf(manifest.options);
      const given = { type: 'object', additionalProperties: false, properties: options };
      return {
        if: names(kind === 'handler' ? ['use', 'type'] : ['use'], manifest.name),
        // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's.
        then: { properties: { ...options, options: given } },
      };
    });
  const properties = { ...beside, ...own, use };
  const open = kind === 'check';
  return openFormats({
    type: 'object',
    additionalProperties: open,
    properties,
    ...(exact.length > 0 && { allOf: exact }),
  });
}

/** True for an object in which one of the keys names the plugin. */
function names(keys: string[], name: string): Json {
  return { anyOf: keys.map((key) => ({ properties: { [key]: { const: name } }, required: [key] })) };
}

function keyedSchema({ manifest }: PluginEntry): Json {
  const own = kindSchemas[manifest.kind === 'exporter' ? 'exporter' : 'service'];
  const properties = { ...optionsOf(manifest.options), ...own.properties };
  return openFormats({
    type: 'object',
    description: manifest.summary,
    additionalProperties: false,
    properties,
  });
}

function optionsOf(options: JsonObject | undefined): JsonObject {
  return (options?.properties as JsonObject | undefined) ?? {};
}
