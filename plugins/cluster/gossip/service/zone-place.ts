import type { ExportedFacts, Log } from 'opsbro/sdk';
import { ZoneTree } from '../zones/zone-tree.ts';

/** Where a node stands: its zone and, where the configuration defines zones, the tree of them. */
export interface ZonePlace {
  own: string;
  tree?: ZoneTree;
  /** The same as long as nothing of it changes. */
  key: string;
}

/** Says which place facts give: another key, another place. */
export function placeKey({ node, zones = [] }: ExportedFacts, option: string): string {
  return JSON.stringify([option || node.zone, zones]);
}

/** The place that facts give; the option `zone` goes over them. Without zones in the configuration all nodes are of one pool, whatever zone they name. */
export function zonePlace(facts: ExportedFacts, option: string, log: Log): ZonePlace {
  const { node, zones = [] } = facts;
  const own = option || node.zone;
  const key = placeKey(facts, option);
  if (zones.length === 0) return { own, key };
  const isDefined = zones.some((zone) => zone.name === own || zone['sub-zones'].includes(own));
  if (!isDefined) log.warn(`no zone '${own}' is defined: this node sees nobody of another zone`);
  try {
    return { own, key, tree: new ZoneTree(zones, own) };
  } catch (error) {
    // The configuration refuses what is no tree; a node that then sees its own zone alone tells nobody too much.
    log.error(`${(error as Error).message}; this node sees nobody of another zone`);
    return { own, key, tree: new ZoneTree([], own) };
  }
}

/** The zones below, whose keys this node may hold. */
export function zonesBelow({ own, tree }: ZonePlace): string[] {
  return tree === undefined ? [] : tree.names.filter((zone) => tree.isBelow(zone, own));
}
