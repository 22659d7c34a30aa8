import { basename, dirname } from 'node:path';
import type { PluginEntry } from '../configuration/model.ts';
import { collectPlugins, readShipped, scanDirectories, trustedOwners } from '../configuration/offline.ts';
import { OpsbroError } from '../core/errors.ts';
import { lockPath } from '../sandbox/approval/lock.ts';
import type { CliContext } from './context.ts';
import { openConfigured } from './offline-configuration.ts';
import { pickPlugin } from './plugin-names.ts';

/** A third-party plugin of the configuration, and the file or folder that was dropped. */
export interface DroppedPlugin {
  entry: PluginEntry;
  path: string;
}

/** The third-party plugins of the directories this command reads, and the lock over them. */
export interface DroppedPlugins {
  /** Path of the lock to write. Throws OPSBRO_HOST_DENIED where none could be written. */
  lock(): string;
  list: DroppedPlugin[];
  /** The one a person means; says what is wrong with it where its manifest has errors. */
  find(given: string): DroppedPlugin;
}

/** Looks at what was dropped, with or without an agent. */
export async function openDropped(cli: CliContext): Promise<DroppedPlugins> {
  const { directories } = await openConfigured(cli);
  const { manifests, modules } = directories.plugins;
  const scan = scanDirectories(directories.config, trustedOwners(cli.process.uid, cli.process.root));
  const shipped = readShipped(manifests, modules).entries;
  const { entries, diagnostics } = collectPlugins(shipped, scan, directories.locks);
  const list = [...entries.values()]
    .filter(({ origin }) => origin === 'third-party')
    .map((entry) => ({ entry, path: pathOf(entry) }));
  const wrong = [...scan.diagnostics, ...diagnostics].filter(({ severity }) => severity === 'error');
  return {
    lock() {
      const path = lockPath(directories.locks);
      if (path !== undefined) return path;
      const tried = directories.locks.map((one) => dirname(one)).join(', ');
      throw new OpsbroError(
        'OPSBRO_HOST_DENIED',
        `no directory for plugins.lock: ${tried} is not there or not to be written; name yours with --config DIR, or run this as root or as the agent's user`,
      );
    },
    list,
    find(given) {
      const id = (): string =>
        pickPlugin(
          given,
          list.map(({ entry }) => entry.id),
          `none of that name is in ${directories.config.join(', ')}`,
        );
      const name = given.replace(/^.*\//, '');
      const error = wrong.find(({ place }) => place.file.split(/[/.]/).includes(name));
      if (
        error !== undefined &&
        !list.some(({ entry }) => entry.id === given || entry.manifest.name === name)
      ) {
        const { file, line, column } = error.place;
        throw new OpsbroError(error.code, `${file}:${line}:${column}: ${error.message}`);
      }
      const own = [...shipped.values()].find(({ id, manifest }) => id === given || manifest.name === given);
      if (own !== undefined && !list.some(({ entry }) => entry.id === own.id || entry.manifest.name === name))
        throw new OpsbroError('OPSBRO_CLI_USAGE', `${own.id} ships with OpsBro and needs no approval`);
      const wanted = id();
      return list.find(({ entry }) => entry.id === wanted) as DroppedPlugin;
    },
  };
}

function pathOf({ file = '', folder }: PluginEntry): string {
  return basename(file) === 'plugin.yml' ? folder : file;
}
