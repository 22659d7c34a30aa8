import { join, resolve } from 'node:path';
import { Configuration, trustedOwners } from '../configuration/offline.ts';
import { lockCandidates } from '../control/defaults.ts';
import { compileCheck, compileDetector, compileValue } from '../language/compile.ts';
import type { ConfigDirectories } from '../threads/protocol.ts';
import { configuredDirectories } from './configured-directories.ts';
import type { CliContext } from './context.ts';

/** A configuration that a command reads by itself, with no agent. */
export interface OfflineConfiguration {
  configuration: Configuration;
  directories: ConfigDirectories;
}

/** Opens the directories that this command reads, see `configuredDirectories`. Reads no file yet. */
export async function openConfigured(cli: CliContext): Promise<OfflineConfiguration> {
  return openConfiguration(cli, await configuredDirectories(cli));
}

/** Opens `over` over the shipped directory. Reads nothing yet. */
export function openConfiguration(cli: CliContext, over: string[]): OfflineConfiguration {
  const { root, uid } = cli.process;
  const { config, data } = cli.directories();
  const chosen = [config[0] as string, ...over.map((path) => resolve(path))];
  const modules = join(root, 'dist', 'plugins');
  return {
    configuration: new Configuration(
      { compileCheck, compileDetector, compileValue },
      trustedOwners(uid, root),
    ),
    directories: {
      config: [...new Set(chosen)],
      plugins: { manifests: join(root, 'plugins'), modules },
      locks: lockCandidates(chosen, data),
    },
  };
}
