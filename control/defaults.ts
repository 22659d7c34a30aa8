import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';

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
  /** `OPSBRO_CONFIG` (colon-separated), `OPSBRO_DATA`, and XDG_STATE_HOME and HOME are read from it. */
  env: { [name: string]: string | undefined };
  uid: number;
  /** The package's root directory. */
  root: string;
  /** The machine's own configuration; an argument so that tests have one. */
  system?: { config: string; data: string };
  /** Whether this user may write a path; an argument so that tests of root's have one. */
  mayWrite?: (path: string) => boolean;
}

/** What an agent may take to start: three minutes for its configuration on a busy host, half a one for its first round. */
export const startSeconds = 240;

/** Where the agent of a whole host reads and keeps. */
export const systemDirectories = { config: '/etc/opsbro/config.d', data: '/var/lib/opsbro' };

/**
 * Tells the directories of the agent and of every command that looks for it: flags beat the environment, which beats the defaults.
 * Root on a machine that has `/etc/opsbro/config.d` uses it over the shipped one, and `/var/lib/opsbro`; everybody else uses the
 * shipped `config.d` and `var` in the package's root, or, where they can neither write nor make that (a package that root installed),
 * `opsbro` in their own state directory. Where data is never depends on which configuration is read, so `agent start --config DIR` and a
 * plain `agent info` meet. Touches the disk a few times (stat, access); throws nothing.
 */
export function resolveDirectories(input: DirectoriesInput): Directories {
  const system = input.system ?? systemDirectories;
  const systemWide = input.uid === 0 && isDirectory(system.config);
  const fromEnvironment = (input.env.OPSBRO_CONFIG ?? '').split(':').filter((part) => part !== '');
  const given = input.config?.length ? input.config : fromEnvironment;
  const over = given.length > 0 ? given : systemWide ? [system.config] : [];
  const data = input.data || input.env.OPSBRO_DATA || (systemWide ? system.data : ownData(input));
  const shipped = join(input.root, 'config.d');
  return { config: [...new Set([shipped, ...over.map((path) => resolve(path))])], data: resolve(data) };
}

/** One's own `var` stays the choice when it cannot be written, so that its error is seen. */
function ownData({ root, uid, env, mayWrite = isWritable }: DirectoriesInput): string {
  const data = join(root, 'var');
  const found = statSync(data, { throwIfNoEntry: false });
  const isOurs = found === undefined ? mayWrite(root) : found.uid === uid || mayWrite(data);
  return isOurs ? data : (stateHome(env) ?? data);
}

/** The XDG base directory specification: a relative XDG_STATE_HOME does not count. */
function stateHome({
  XDG_STATE_HOME: state = '',
  HOME: home = '',
}: DirectoriesInput['env']): string | undefined {
  if (isAbsolute(state)) return join(state, 'opsbro');
  return isAbsolute(home) ? join(home, '.local', 'state', 'opsbro') : undefined;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where `plugins.lock` may be, the one that counts first: over the last directory of the configuration, at last in the data directory. */
export function lockCandidates(config: readonly string[], data: string): string[] {
  return [...config.slice(1).reverse(), data].map((directory) => join(directory, 'plugins.lock'));
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
