import type { Context } from 'opsbro/sdk';

/** What a Linux distribution calls itself. `id` is its code name, as in Python's `linux_distribution()`. */
export interface Distribution {
  distribution: string;
  version: string;
  id: string;
}

/** Finds the distribution by the files it leaves; undefined when there is none of them. */
export async function readDistribution(ctx: Context): Promise<Distribution | undefined> {
  const read = async (path: string) => (await ctx.tryReadText(path)) ?? '';
  const osRelease = parseOsRelease((await read('/etc/os-release')) || (await read('/usr/lib/os-release')));
  const redHat = parseRedHatRelease(await read('/etc/redhat-release'));
  const debianVersion = (await read('/etc/debian_version')).trim();
  if (osRelease === undefined) {
    if (redHat !== undefined) return redHat;
    const lsb = parseAssignments(await read('/etc/lsb-release'));
    if (lsb.DISTRIB_ID)
      return {
        distribution: lsb.DISTRIB_ID.toLowerCase(),
        version: lsb.DISTRIB_RELEASE ?? '',
        id: lsb.DISTRIB_CODENAME ?? '',
      };
    return debianVersion === '' ? undefined : { distribution: 'debian', version: debianVersion, id: '' };
  }
  // Debian and CentOS keep the minor version out of os-release.
  const finer = osRelease.distribution === 'debian' ? debianVersion : (redHat?.version ?? '');
  return finer.startsWith(`${osRelease.version}.`) ? { ...osRelease, version: finer } : osRelease;
}

/** The distribution of an os-release(5) text; undefined when it names none. */
export function parseOsRelease(text: string): Distribution | undefined {
  const fields = parseAssignments(text);
  if (!fields.ID) return undefined;
  return {
    distribution: fields.ID.toLowerCase(),
    version: fields.VERSION_ID ?? '',
    id: fields.VERSION_CODENAME ?? /\(([^)]+)\)/.exec(fields.VERSION ?? '')?.[1] ?? '',
  };
}

/** The distribution of a line such as `CentOS Linux release 7.9.2009 (Core)`. */
export function parseRedHatRelease(text: string): Distribution | undefined {
  const [, name = '', version = '', id = ''] =
    /^(.+?)(?: Linux)? release ([\d.]+)(?:.*\(([^)]*)\))?/.exec(text) ?? [];
  if (name === '') return undefined;
  const distribution = name.startsWith('Red Hat') ? 'rhel' : name.toLowerCase().replaceAll(' ', '-');
  return { distribution, version, id };
}

/** The leading numbers of a version; those that are not there are absent. */
export function versionNumbers(version: string): { major_version?: number; minor_version?: number } {
  const [, major, minor] = /^(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return {
    ...(major === undefined ? {} : { major_version: Number(major) }),
    ...(minor === undefined ? {} : { minor_version: Number(minor) }),
  };
}

function parseAssignments(text: string): { [name: string]: string } {
  const fields: { [name: string]: string } = {};
  for (const [, name, , value] of text.matchAll(/^([A-Z_]+)=(["']?)(.*)\2[ \t]*$/gm))
    if (name !== undefined) fields[name] = value ?? '';
  return fields;
}
