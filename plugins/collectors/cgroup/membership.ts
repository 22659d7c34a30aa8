/** Reads a file; undefined when it is absent or not readable. */
export type ReadFile = (path: string) => Promise<string | undefined>;

/** Which control groups a process is in: of version 2, and of version 1 by controller. */
export interface Membership {
  unified?: string;
  controllers: { [controller: string]: string };
}

/** Groups further up are not looked at; container runtimes nest four or five deep. */
const MAXIMUM_DEPTH = 16;

/** Parses /proc/PID/cgroup (cgroups(7)): `id:controllers:path`, and `0::path` for version 2. Other lines are left out. */
export function parseMembership(text: string): Membership {
  const membership: Membership = { controllers: Object.create(null) as { [controller: string]: string } };
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
    if (!match) continue;
    const [, id, controllers = '', path = '/'] = match;
    if (id === '0' && controllers === '') membership.unified = path;
    else for (const controller of controllers.split(',')) membership.controllers[controller] = path;
  }
  return membership;
}

/**
 * Directories of a group and of those above it, innermost first, under `mount`. A path that leaves the mount (`/../x`: the
 * process lives outside of its cgroup namespace) stands for the mount itself.
 */
export function directoriesOf(mount: string, path: string): string[] {
  const steps = path.split('/').filter((step) => step !== '');
  if (steps.includes('..')) return [mount];
  const directories = [mount];
  for (const step of steps) directories.push(`${directories.at(-1)}/${step}`);
  return directories.reverse().slice(0, MAXIMUM_DEPTH);
}

/**
 * The text of `file` in the innermost directory that has it: a group without a controller is accounted in one above, and a
 * container may see its own group as the root.
 */
export async function readNearest(
  directories: readonly string[],
  file: string,
  read: ReadFile,
): Promise<string | undefined> {
  for (const directory of directories) {
    const text = await read(`${directory}/${file}`);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The texts of `file` in every directory that has it. */
export async function readAll(
  directories: readonly string[],
  file: string,
  read: ReadFile,
): Promise<string[]> {
  const texts: string[] = [];
  for (const directory of directories) {
    const text = await read(`${directory}/${file}`);
    if (text !== undefined) texts.push(text);
  }
  return texts;
}
