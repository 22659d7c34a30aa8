import type { Json } from 'opsbro/sdk';
import { nearest } from '../../language/nearest.ts';
import type { ConfigObject, Diagnostic, PluginEntry } from '../model.ts';
import type { RawObject } from '../sources/split.ts';

/** What is looked at for groups: a whole load. */
interface Load {
  objects: readonly ConfigObject[];
  raws: ReadonlyMap<string, RawObject>;
  plugins: Iterable<PluginEntry>;
  /** Those that agent.yml gives. */
  groups: readonly string[];
}

/** One place that names a group. */
interface Use {
  object: ConfigObject;
  group: string;
  path: (string | number)[];
  /** What comes of a group that never is. */
  result: string;
}

const maxNamed = 10;
const prefix = 'group:';
/** What the detectors that ship find out at run time: systems and distributions by their ids in os-release. */
const wellKnown = (
  'linux darwin freebsd openbsd netbsd sunos aix win32 debian ubuntu rhel redhat centos rocky almalinux fedora opensuse-leap ' +
  'opensuse-tumbleweed sles alpine arch amzn ol gentoo raspbian linuxmint kali nixos void manjaro'
).split(' ');

/**
 * Warns of every enabled object that is for a group, or depends on one, which neither a detector nor agent.yml can ever give. Of one that a
 * detector might fill in at run time, where it is nearly a group that is known. Says nothing where a detector is a plugin with code: what that
 * gives is not known before it runs.
 */
export function groupFindings({ objects, raws, plugins, groups }: Load): Diagnostic[] {
  for (const { id, manifest } of plugins)
    if (manifest.kind === 'detector' && id !== 'detector/rule') return [];
  const given = objects.flatMap((object) => (object.kind === 'detector' ? givenBy(object.options) : []));
  const known = new Set([...groups, ...given.filter((name) => !isOpen(name))]);
  const open = given.filter(isOpen).map(patternOf);
  const isKnown = (group: string): boolean => {
    if (known.has(group)) return true;
    if (!open.some((pattern) => pattern.test(group))) return false;
    const near = nearest(group, candidates(group, known));
    return near === undefined || near === group;
  };
  return objects.flatMap(usesOf).flatMap(({ object, group, path, result }): Diagnostic[] => {
    const raw = raws.get(object.id);
    if (isKnown(group) || raw === undefined) return [];
    const message = `${object.kind} ${object.id} names the group '${group}', which no detector and no configuration gives: ${result}; ${hint(group, known)}`;
    return [
      {
        severity: 'warning',
        code: 'OPSBRO_CONFIG_UNKNOWN_GROUP',
        message,
        place: raw.locate(keyOf(raw, path), 'value'),
      },
    ];
  });
}

/** What a group may be meant as; with a version behind it, so are the distributions. */
function candidates(group: string, known: ReadonlySet<string>): string[] {
  const [version = ''] = /-\d[\d.]*$/.exec(group) ?? [];
  return [...known, ...wellKnown.map((name) => name + version)];
}

/** The group a key names; null for everywhere. */
export function groupName(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' && value !== '*' ? value : null;
}

function givenBy({ add_groups: given }: { [key: string]: unknown }): string[] {
  return [given].flat().filter((name) => typeof name === 'string');
}

/** True for a name with a placeholder, which is filled in at each run. */
function isOpen(name: string): boolean {
  return name.includes('{');
}

function patternOf(name: string): RegExp {
  const parts = name.split(/\{+[^{}]*\}+/);
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[^\w-]/g, '\\$&')).join('.+')}$`);
}

function usesOf(object: ConfigObject): Use[] {
  if (!('enabled' in object) || !object.enabled) return [];
  const group = object.kind === 'service' ? object.enabledIfGroup : object.ifGroup;
  const result = object.kind === 'handler' ? 'it is never told' : 'it never runs';
  const own = group === null || group === '*' ? [] : [{ object, group, path: ['if_group'], result }];
  const above = object.kind === 'check' ? object.dependsOn : [];
  const dependencies = above.flatMap((name, index): Use[] =>
    name.startsWith(prefix)
      ? [
          {
            object,
            group: name.slice(prefix.length),
            path: ['depends_on', index],
            result: 'its problems are never told',
          },
        ]
      : [],
  );
  return [...own, ...dependencies];
}

/** `if_group` has two older names. */
function keyOf({ value }: RawObject, path: Use['path']): Use['path'] {
  if (path[0] !== 'if_group') return path;
  return [
    ['if_group', 'apply_on', 'enabled_if_group'].find((key) => Object.hasOwn(value, key)) ?? 'if_group',
  ];
}

function hint(group: string, known: ReadonlySet<string>): string {
  const near = nearest(group, candidates(group, known));
  if (near !== undefined) return `did you mean '${near}'?`;
  const names = [...known].sort();
  if (names.length === 0) return 'nothing gives any group';
  return `the groups are ${names.slice(0, maxNamed).join(', ')}${names.length > maxNamed ? ' …' : ''}`;
}
