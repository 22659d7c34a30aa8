/** What a name asks for. `zone` is as it was written, dots between its labels. */
export type Asked =
  | { about: 'group' | 'service'; value: string; zone: string }
  | { about: 'name' | 'uuid'; value: string; zone: string }
  | { about: 'check'; value: string; node: string; zone: string };

/** Names with more labels are none of ours. */
const maxLabels = 40;
const keywords = new Set(['group', 'name', 'uuid', 'check']);

/**
 * What the labels before the domain may ask for, the likeliest first. Values may have dots (`web.example.com.name.lan`), and so may zones,
 * so one name can be read in several ways: whoever asks takes the first that exists. A zone that `isZone` knows goes before one that
 * nobody knows, then the keyword nearest to the end.
 */
export function readingsOf(labels: readonly string[], isZone: (zone: string) => boolean): Asked[] {
  if (labels.length > maxLabels) return [];
  const known: Asked[] = [];
  const unknown: Asked[] = [];
  for (let at = labels.length - 2; at >= 1; at -= 1) {
    const keyword = labels[at]!;
    const value = labels.slice(0, at).join('.');
    const rest = labels.slice(at + 1);
    if (keyword === 'check') readChecks(value, rest, isZone, known, unknown);
    else {
      const asked = readPlain(keyword, value, rest.join('.'));
      if (asked !== undefined) (isZone(asked.zone) ? known : unknown).push(asked);
    }
  }
  return [...known, ...unknown];
}

function readPlain(keyword: string, value: string, zone: string): Asked | undefined {
  if (keyword === '_tcp') {
    return value.startsWith('_') && value.length > 1
      ? { about: 'service', value: value.slice(1), zone }
      : undefined;
  }
  return keyword === 'group' || keyword === 'name' || keyword === 'uuid'
    ? { about: keyword, value, zone }
    : undefined;
}

/** `<check>.check.<name>.<zone>`: every border between name and zone with a known zone, else the last label is the zone. */
function readChecks(
  value: string,
  rest: readonly string[],
  isZone: (zone: string) => boolean,
  known: Asked[],
  unknown: Asked[],
): void {
  for (let border = rest.length - 1; border >= 1; border -= 1) {
    const zone = rest.slice(border).join('.');
    const asked: Asked = { about: 'check', value, node: rest.slice(0, border).join('.'), zone };
    if (isZone(zone)) known.push(asked);
    else if (border === rest.length - 1) unknown.push(asked);
  }
}

/** What a table of names can tell of those that stand above others. */
export interface Ancestry {
  isZone(zone: string): boolean;
  /** Some zone is this name, or ends with it. */
  isZoneOrAbove(zone: string): boolean;
  /** A name below `keyword` ends with this, at a dot. */
  isAbove(keyword: string, suffix: string): boolean;
  /** A node has this name, or one that ends with it at a dot. */
  isNodeOrAbove(name: string): boolean;
  isStrict: boolean;
}

/**
 * True for a name that has nothing of its own but stands above names that do, such as `group.lan` (RFC 8020: where a resolver is told that it
 * does not exist, it asks for nothing below it).
 */
export function standsAbove(labels: readonly string[], table: Ancestry): boolean {
  if (labels.length > maxLabels) return false;
  if (table.isZoneOrAbove(labels.join('.'))) return true;
  for (let border = labels.length - 1; border >= 0; border -= 1) {
    const isLast = border === labels.length - 1;
    if (!table.isZone(labels.slice(border).join('.')) && (table.isStrict || !isLast)) continue;
    if (isBelowZone(labels.slice(0, border), table)) return true;
  }
  return false;
}

function isBelowZone(before: readonly string[], table: Ancestry): boolean {
  const last = before.at(-1);
  if (last === undefined) return true;
  const value = before.slice(0, -1).join('.');
  if ((keywords.has(last) && last !== 'check') || last === '_tcp')
    return value === '' || table.isAbove(last, value);
  const name = before[0] === 'check' ? before.slice(1).join('.') : before.join('.');
  return table.isNodeOrAbove(name);
}

/** An option `domain` as labels: `.opsbro` gives `['opsbro']`. Undefined when it is no name. */
export function domainLabels(domain: string): string[] | undefined {
  const labels = domain
    .toLowerCase()
    .replace(/^\.|\.$/g, '')
    .split('.');
  const isSound = labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label)) && labels.join('.').length < 64;
  return isSound ? labels : undefined;
}

/** The address that a name below `in-addr.arpa` or `ip6.arpa` stands for, as `canonical` writes it; undefined for other names. */
export function addressOf(labels: readonly string[]): string | undefined {
  const [root, family] = [labels.at(-1), labels.at(-2)];
  if (root !== 'arpa') return undefined;
  const parts = labels.slice(0, -2).reverse();
  if (family === 'in-addr') {
    const isSound =
      parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && +part < 256);
    return isSound ? parts.join('.') : undefined;
  }
  if (family !== 'ip6' || parts.length !== 32 || !parts.every((part) => /^[0-9a-f]$/.test(part)))
    return undefined;
  return parts.join('').replace(/(.{4})(?=.)/g, '$1:');
}
