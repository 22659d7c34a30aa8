import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { exampleFaults } from '../authoring/examples.ts';
import { optionTypes } from '../authoring/option-types.ts';
import { type PluginPlace, placeIn, readPlugin } from '../authoring/plugin-place.ts';
import { checkTypes } from '../authoring/type-check.ts';
import { verbOf } from '../authoring/workshop.ts';
import { nameClash, type PluginSet } from '../configuration/offline.ts';
import { OpsbroError } from '../core/errors.ts';
import { bundlePlugin } from '../sandbox/approval/bundler.ts';
import { describePermissions } from '../sandbox/grants/words.ts';
import { readLimits } from '../sandbox/limits.ts';
import type { CliContext } from './context.ts';
import { formatBytes } from './quantities.ts';
import { shippedPlugins } from './shipped-plugins.ts';
import { plain } from './table.ts';

/** Says whether the plugin at `path` is right, and what it asks for. Runs none of its code. */
export async function checkPlugin(cli: CliContext, path: string): Promise<void> {
  const place = readPlugin(path);
  const shown = relative('.', place.path) || '.';
  const { manifest, id } = place;
  verbOf(manifest);
  const shipped = shippedPlugins(cli);
  checkExamples(place, shipped);
  const { bundle } = await bundlePlugin(shown);
  const { root, env } = cli.process;
  const types = await checkTypes(place, root, env.PATH ?? '');
  const stale = areTypesStale(place);
  const advice = `${relative('.', place.types)} is not what the manifest says: opsbro plugins types ${path}`;
  if (types !== null && types.length > 0)
    throw new OpsbroError('OPSBRO_PLUGIN_BUNDLE', [...types, ...(stale ? [advice] : [])].join('\n'));
  const rights = describePermissions(manifest.permissions ?? {}, readLimits(manifest.limits));
  const clashes = clashesOf(place, shipped);
  const report = {
    id,
    rights,
    bundle_bytes: bundle.code.length,
    types: types === null ? null : 'right',
    stale,
    clashes,
  };
  cli.show(report, () =>
    [
      `${cli.paint.bold(id)}  ${cli.paint.green('ok')}  ${plain(manifest.summary)}`,
      `bundle: ${formatBytes(bundle.code.length)}, types: ${types === null ? "not checked, for there is no 'tsc'" : 'right'}`,
      'asks for:',
      ...rights.map((right) => `  ${plain(right)}`),
    ].join('\n'),
  );
  for (const clash of clashes) cli.note(cli.paint.yellow(clash));
  if (stale) cli.note(cli.paint.yellow(advice));
}

/** Throws `OPSBRO_PLUGIN_MANIFEST` with the place of each example that cannot come to anything. */
function checkExamples(place: PluginPlace, { functions }: PluginSet): void {
  const faults = exampleFaults(place.manifest, functions).map(({ name, message }) => {
    const where = placeIn(place, ['functions', name, 'example', 'expression']);
    return `${where}: the example of ${name}: ${message}`;
  });
  if (faults.length > 0) throw new OpsbroError('OPSBRO_PLUGIN_MANIFEST', faults.join('\n'));
}

/** What a plugin that ships with OpsBro has the name of: beside it this one is refused, or never called. */
function clashesOf({ manifest, id }: PluginPlace, { entries, functions }: PluginSet): string[] {
  const clash = nameClash(manifest, entries);
  const names = Object.entries(manifest.functions ?? {}).flatMap(([name, { aliases = [] }]) => [
    name,
    ...aliases,
  ]);
  const taken = names.flatMap((name) => {
    const { plugin } = functions.get(name) ?? {};
    const why = `the function '${name}' of ${id} is never called, for ${plugin} gives one of that name`;
    return plugin === undefined || plugin === id ? [] : [`${why}; give it another`];
  });
  return clash === undefined ? taken : [clash, ...taken];
}

function areTypesStale({ types, manifest }: PluginPlace): boolean {
  return existsSync(types) && readFileSync(types, 'utf8') !== optionTypes(manifest);
}
