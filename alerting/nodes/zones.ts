import type { Json, NodesSnapshot } from 'opsbro/sdk';
import type { NodeOccurrence } from './occurrences.ts';

/** What became of a zone: nobody who could tell of it is heard, or somebody is again. */
export interface ZoneChange {
  what: 'unreachable' | 'reached';
  zone: string;
}

/** Of one message; the summary says how many there are. */
const mostListed = 100;

/** Which zones were reached once, and whether they are: a zone that nobody was ever met of is not missed. */
export class ZonesReached {
  readonly #reached = new Map<string, boolean>();
  #own: string | undefined;

  /** Learns what a snapshot says, and gives what is new of it. A node that moved to another zone begins anew. */
  changesTo({ zone, zones }: NodesSnapshot): ZoneChange[] {
    if (zone !== this.#own) this.#reached.clear();
    this.#own = zone;
    const changes: ZoneChange[] = [];
    for (const { name, unreachable } of zones) {
      const before = this.#reached.get(name);
      if (before === undefined && unreachable) continue;
      this.#reached.set(name, !unreachable);
      if (before === unreachable) changes.push({ what: unreachable ? 'unreachable' : 'reached', zone: name });
    }
    return changes;
  }
}

/** What people hear of zones: its nodes keep their state, so that nothing else tells of them. */
export function zoneOccurrences(
  changes: readonly ZoneChange[],
  snapshot: NodesSnapshot,
  at: number,
): NodeOccurrence[] {
  return changes.map(({ what, zone }) => {
    const inside = snapshot.nodes.filter((node) => node.zone === zone);
    const size = `${inside.length} ${inside.length === 1 ? 'node' : 'nodes'}`;
    return {
      type: 'node',
      key: `zone/${zone}/${what}@${at}`,
      at,
      summary:
        what === 'reached'
          ? `zone ${zone} is reached again (${size})`
          : `zone ${zone} is unreachable: no proxy on the way to it is heard (${size})`,
      data: {
        what,
        zone,
        count: inside.length,
        nodes: inside.slice(0, mostListed).map(({ uuid, name, display_name, addresses, state }): Json => {
          return { uuid, name, display_name, addresses, state };
        }),
      },
    };
  });
}
