import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { optionTypes } from '../authoring/option-types.ts';
import { type PluginPlace, readPlugin } from '../authoring/plugin-place.ts';
import { checkTypes } from '../authoring/type-check.ts';
import { verbOf } from '../authoring/workshop.ts';
import { OpsbroError } from '../core/errors.ts';
import { bundlePlugin } from '../sandbox/approval/bundler.ts';
import { describePermissions } from '../sandbox/grants/words.ts';
import { readLimits } from '../sandbox/limits.ts';
import type { CliContext } from './context.ts';
import { formatBytes } from './quantities.ts';
import { plain } from './table.ts';

/** Says whether the plugin at `path` is right, and what it asks for. Runs none of its code. */
export async function checkPlugin(cli: CliContext, path: string): Promise<void> {
  const place = readPlugin(path);
  const shown = relative('.', place.path) || '.';
  const { manifest, id } = place;
  verbOf(manifest);
  const { bundle } = await bundlePlugin(shown);
  const { root, env } = cli.process;
  const types = await checkTypes(place, root, env.PATH ?? '');
  if (types !== null && types.length > 0) throw new OpsbroError('OPSBRO_PLUGIN_BUNDLE', types.join('\n'));
  const rights = describePermissions(manifest.permissions ?? {}, readLimits(manifest.limits));
  const stale = areTypesStale(place);
  const report = {
    id,
    rights,
    bundle_bytes: bundle.code.length,
    types: types === null ? null : 'right',
    stale,
  };
  cli.show(report, () =>
    [
      `${cli.paint.bold(id)}  ${cli.paint.green('ok')}  ${plain(manifest.summary)}`,
      `bundle: ${formatBytes(bundle.code.length)}, types: ${types === null ? "not checked, for there is no 'tsc'" : 'right'}`,
      'asks for:',
      ...rights.map((right) => `  ${plain(right)}`),
    ].join('\n'),
  );
  if (stale)
    cli.note(
      cli.paint.yellow(
        `${relative('.', place.types)} is not what the manifest says: opsbro plugins types ${path}`,
      ),
    );
}

function areTypesStale({ types, manifest }: PluginPlace): boolean {
  return existsSync(types) && readFileSync(types, 'utf8') !== optionTypes(manifest);
}
