import type { JsonObject } from 'opsbro/sdk';
import type { Membership } from './membership.ts';
import { done, type RouteHandlers } from './routes.ts';
import type { ZoneKeys } from './zone-keys.ts';
import { type ZonePlace, zonesBelow } from './zone-place.ts';

/** What the routes of zones work with. */
export interface ZoneRoutesParts {
  membership: Membership;
  place: ZonePlace;
  zoneKeys: ZoneKeys;
  /** Takes up a key that this node did not have when it began: it then speaks with other hosts. */
  renew(): void;
}

/** The routes of zones: those of the configuration and how each is seen, and their keys. */
export function zoneRoutes(parts: ZoneRoutesParts): RouteHandlers {
  const { membership, place, zoneKeys } = parts;
  return {
    'GET /api/v1/gossip/zones': () => done({ zones: zonesOf(parts) }),
    'POST /api/v1/gossip/zones/keys': async () => {
      await zoneKeys.read(zonesBelow(place));
      await membership.useKeys();
      const takesOwn = !membership.hasKey && (await zoneKeys.textOf(place.own)) !== undefined;
      if (takesOwn) parts.renew();
      return done({
        zones: [...zoneKeys.below.keys(), ...(takesOwn || membership.hasKey ? [place.own] : [])],
      });
    },
  };
}

function zonesOf({ membership, place, zoneKeys }: ZoneRoutesParts): JsonObject[] {
  const { zones, nodes, zone: own } = membership.members();
  const seen = new Map(zones.map((zone) => [zone.name, zone]));
  const names = [...new Set([...(place.tree?.names ?? []), ...seen.keys()])].sort();
  return names.map((name) => {
    const members = nodes.filter(({ zone }) => zone === name);
    return {
      name,
      parent: seen.get(name)?.parent ?? place.tree?.parentOf(name) ?? null,
      own: name === own,
      seen: seen.has(name),
      unreachable: seen.get(name)?.unreachable ?? false,
      nodes: members.length,
      alive: members.filter(({ state }) => state === 'alive').length,
      key: name === own ? membership.hasKey : zoneKeys.below.has(name),
    };
  });
}
