import type { Context } from 'opsbro/sdk';

/** What a Linux distribution calls itself: its id as in os-release(5), and what it tells of its version. */
export interface Distribution {
  id: string;
  version: string;
  codename: string;
  /** The version with its minor number, where a file tells it apart from `version`. */
  finerVersion?: string;
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
        id: lsb.DISTRIB_ID.toLowerCase(),
        version: lsb.DISTRIB_RELEASE ?? '',
        codename: lsb.DISTRIB_CODENAME ?? '',
      };
    return debianVersion === '' ? undefined : { id: 'debian', version: debianVersion, codename: '' };
  }
  // Debian and CentOS keep the minor version out of os-release.
  const finer = osRelease.id === 'debian' ? debianVersion : (redHat?.version ?? '');
  return finer.startsWith(`${osRelease.version}.`) ? { ...osRelease, finerVersion: finer } : osRelease;
}

/** The distribution of an os-release(5) text; undefined when it names none. */
export function parseOsRelease(text: string): Distribution | undefined {
  const fields = parseAssignments(text);
  if (!fields.ID) return undefined;
  return {
    id: fields.ID.toLowerCase(),
    version: fields.VERSION_ID ?? '',
    codename: fields.VERSION_CODENAME ?? /\(([^)]+)\)/.exec(fields.VERSION ?? '')?.[1] ?? '',
  };
}

/** The distribution of a line such as `CentOS Linux release 7.9.2009 (Core)`. */
export function parseRedHatRelease(text: string): Distribution | undefined {
  const [, name = '', version = '', codename = ''] =
    /^(.+?)(?: Linux)? release ([\d.]+)(?:.*\(([^)]*)\))?/.exec(text) ?? [];
  if (name === '') return undefined;
  const id = name.startsWith('Red Hat') ? 'rhel' : name.toLowerCase().replaceAll(' ', '-');
  return { id, version, codename };
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
