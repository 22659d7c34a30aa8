import type { Json, JsonObject } from 'opsbro/sdk';
import { globalData } from './agent-settings.ts';
import { type Loaded, parametersOf } from './assemble.ts';
import type { ConfigObject, ShownObject } from './model.ts';
import { shownCommand } from './script/shown-command.ts';
import { kindSchemas } from './sources/kinds.ts';
import { lookUp } from './sources/macros.ts';
import { redactSecrets } from './sources/options.ts';
import { isMapping } from './sources/split.ts';
import { boundParameters } from './sources/written.ts';

type ShownKey = ShownObject['keys'][number];

/** The keys of one object as they count: those written (secrets redacted), defaults, and the parameters its expressions bind. */
export function showObject(object: ConfigObject, loaded: Loaded): ShownObject {
  const raw = loaded.raws.get(object.id);
  const schema = loaded.plugins.entries.get(object.plugin)?.manifest.options;
  const properties = (schema?.properties ?? {}) as JsonObject;
  const keys: ShownKey[] = [];
  for (const [key, value] of Object.entries(raw?.value ?? {})) {
    const shown = key === 'options' ? redactSecrets(schema, value) : redactSecrets(properties[key], value);
    const origin = raw!.inherited?.has(key) === false ? 'override' : 'file';
    keys.push({ key, value: shown, origin, place: raw!.locate([key], 'key') });
  }
  const written = new Set(keys.map(({ key }) => key));
  const pack = parametersOf(object);
  const parameters = shownParameters(loaded, pack);
  for (const [key, value] of Object.entries(effective(object)))
    if (!written.has(key)) keys.push({ key, value, origin: 'default' });
  if ('options' in object)
    for (const [key, value] of Object.entries(object.options)) {
      const given =
        written.has(key) || Object.hasOwn((raw?.value.options as JsonObject | undefined) ?? {}, key);
      if (given) continue;
      const fromPack = pack === object.plugin.split('/')[1] && Object.hasOwn(parameters, key);
      const shown = redactSecrets(properties[key], value);
      const origin = fromPack ? placeOf(loaded, pack, [key]) : ({ origin: 'default' } as const);
      keys.push({ key: `options.${key}`, value: shown, ...origin });
    }
  for (const path of boundParameters(raw?.value ?? {})) {
    const steps = path.split('.');
    const value = lookUp(parameters, steps);
    if (value !== undefined) keys.push({ key: `parameters.${path}`, value, ...placeOf(loaded, pack, steps) });
  }
  const command = commandOf(object, raw?.value, [parameters, globalData(loaded.agent)]);
  if (command !== null) keys.push({ key: 'command', value: command, origin: 'default' });
  return { id: object.id, place: object.place, keys };
}

/** What the script of a check comes to; null for what runs none. */
function commandOf(object: ConfigObject, own: JsonObject | undefined, others: Json[]): string | null {
  if (own === undefined || object.kind !== 'check' || object.command === undefined) return null;
  return shownCommand(own.script as string | string[], [own, ...others]);
}

/** Where a parameter stands: in the last file that gives it. */
function placeOf(
  { parameterRaws }: Loaded,
  pack: string,
  path: string[],
): Pick<ShownKey, 'origin' | 'place'> {
  const raw = parameterRaws.findLast((each) => each.pack === pack && lookUp(each.value, path) !== undefined);
  return { origin: 'parameters', ...(raw && { place: raw.locate(path, 'key') }) };
}

/** The merged parameters of a pack as they may be shown: what is a secret option of the plugin of that name is redacted. */
export function shownParameters({ parameters, plugins }: Loaded, pack: string): JsonObject {
  const namesakes = [...plugins.entries.values()].filter(({ manifest }) => manifest.name === pack);
  const all = parameters.get(pack) ?? {};
  return namesakes.reduce((tree, { manifest }) => redactSecrets(manifest.options, tree) as JsonObject, all);
}

/** The parameters of every pack that has some, one object a pack: `redis/parameters`. Each value is a key, as files may give one of a mapping. */
export function showParameters(loaded: Loaded): ShownObject[] {
  const packs = [...loaded.parameters.keys()].sort();
  return packs.flatMap((pack) => {
    const place = loaded.parameterRaws.findLast((raw) => raw.pack === pack)?.place;
    const keys = leaves(shownParameters(loaded, pack), []).map(
      ({ path, value }): ShownKey => ({ key: path.join('.'), value, ...placeOf(loaded, pack, path) }),
    );
    return place === undefined ? [] : [{ id: `${pack}/parameters`, place, keys }];
  });
}

function leaves(tree: JsonObject, above: string[]): { path: string[]; value: Json }[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const path = [...above, key];
    return isMapping(value) && Object.keys(value).length > 0 ? leaves(value, path) : [{ path, value }];
  });
}

/** The agent's settings: every known key, where it stands, secrets redacted. */
export function showAgent(loaded: Loaded): ShownObject {
  const properties = kindSchemas.agent.properties as JsonObject;
  const last = loaded.agentRaws.at(-1);
  const keys = Object.entries({ ...loaded.agent.values, variables: loaded.agent.variables }).map(
    ([key, value]): ShownKey => {
      const raw = loaded.agentRaws.findLast((candidate) => Object.hasOwn(candidate.value, key));
      const shown = redactSecrets(properties[key], value);
      if (raw === undefined) return { key, value: shown, origin: 'default' };
      return {
        key,
        value: shown,
        origin: raw === loaded.agentRaws[0] ? 'file' : 'override',
        place: raw.locate([key], 'key'),
      };
    },
  );
  return { id: 'agent', place: last?.place ?? { file: '', line: 1, column: 1 }, keys };
}

function effective(object: ConfigObject): JsonObject {
  const { kind } = object;
  if (kind === 'zone') return { ...object.zone };
  if (kind === 'package' || kind === 'dashboard' || kind === 'downtime' || kind === 'silence') return {};
  const shown: JsonObject = { use: object.plugin, enabled: object.enabled };
  if ('intervalMs' in object) shown.interval = `${object.intervalMs / 1000}s`;
  if ('timeoutMs' in object) shown.timeout = `${object.timeoutMs / 1000}s`;
  if ('ifGroup' in object) shown.if_group = object.ifGroup;
  if (kind === 'service') shown.enabled_if_group = object.enabledIfGroup;
  if (kind === 'handler') shown.severities = object.severities;
  if (kind !== 'check') return shown;
  return { ...shown, display_name: object.displayName, attempts: object.attempts, handlers: object.handlers };
}
