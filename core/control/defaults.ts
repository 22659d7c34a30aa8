import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where configuration is read from, base first, and where the agent keeps its data. Absolute paths. */
export interface Directories {
  config: string[];
  data: string;
}

/** What the command line, the environment and the machine say about directories. */
export interface DirectoriesInput {
  /** `--config`, in order; each goes over the shipped `config.d`. */
  config?: string[] | undefined;
  /** `--data`. */
  data?: string | undefined;
  /** `OPSBRO_CONFIG` (colon-separated) and `OPSBRO_DATA` are read from it. */
  env: { [name: string]: string | undefined };
  uid: number;
  /** The package's root directory. */
  root: string;
  /** The machine's own configuration; an argument so that tests have one. */
  system?: { config: string; data: string };
}

const systemDirectories = { config: '/etc/opsbro/config.d', data: '/var/lib/opsbro' };

/**
 * Tells the directories of the agent and of every command that looks for it: flags beat the environment, which beats the defaults.
 * Root on a machine that has `/etc/opsbro/config.d` uses it over the shipped one, and `/var/lib/opsbro`; everybody else uses the
 * shipped `config.d` and `var` in the package's root. Where data is never depends on which configuration is read, so `agent start
 * --config DIR` and a plain `agent info` meet. Touches the disk once (stat); throws nothing.
 */
export function resolveDirectories(input: DirectoriesInput): Directories {
  const system = input.system ?? systemDirectories;
  const systemWide = input.uid === 0 && isDirectory(system.config);
  const fromEnvironment = (input.env.OPSBRO_CONFIG ?? '').split(':').filter((part) => part !== '');
  const given = input.config?.length ? input.config : fromEnvironment;
  const over = given.length > 0 ? given : systemWide ? [system.config] : [];
  const data = input.data || input.env.OPSBRO_DATA || (systemWide ? system.data : join(input.root, 'var'));
  const shipped = join(input.root, 'config.d');
  return { config: [...new Set([shipped, ...over.map((path) => resolve(path))])], data: resolve(data) };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
