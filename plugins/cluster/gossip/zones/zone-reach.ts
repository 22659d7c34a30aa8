import type { Member } from '../members.ts';
import type { ZoneTree } from './zone-tree.ts';

/** One zone as it is seen from here. `unreachable`: nobody who could tell of it is heard; its nodes are not dead for that. */
export interface ZoneView {
  name: string;
  parent: string | null;
  unreachable: boolean;
}

/** Under this name a proxy's record lists the adjoining zones of which it hears no proxy. */
export const unreachedField = 'unreached_zones';

/** Every zone that is seen from here, sorted. */
export function zoneViews(tree: ZoneTree, members: readonly Member[]): ZoneView[] {
  const proxies = new Map<string, Member[]>();
  for (const member of members) {
    const { zone, proxy } = member.alive.record;
    if (proxy === true && (member.state === 'alive' || member.state === 'suspect'))
      proxies.set(zone, [...(proxies.get(zone) ?? []), member]);
  }
  const isBroken = (from: string, to: string): boolean => {
    const near = proxies.get(from) ?? [];
    const isUnheard = ({ alive }: Member): boolean => namesOf(alive.record[unreachedField]).includes(to);
    return near.every(isUnheard) || !proxies.has(to);
  };
  return tree.visible.map((name) => {
    const path = tree.pathTo(name) ?? [];
    const unreachable = path.slice(1).some((zone, at) => isBroken(path[at] as string, zone));
    return { name, parent: tree.parentOf(name) ?? null, unreachable };
  });
}

function namesOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
