import type { Json, NodesSnapshot } from 'opsbro/sdk';
import type { NodeOccurrence } from './occurrences.ts';

/** What became of a zone: nobody who could tell of it is heard, or somebody is again. */
export interface ZoneChange {
  what: 'unreachable' | 'reached';
  zone: string;
}

/** Of one message; the summary says how many there are. */
const mostListed = 100;
const mostNamed = 5;

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

/**
 * What people hear of zones: its nodes keep their state, so that nothing else tells of them. Zones that are lost together have one cause, the
 * way to them, and are one message.
 */
export function zoneOccurrences(
  changes: readonly ZoneChange[],
  snapshot: NodesSnapshot,
  at: number,
): NodeOccurrence[] {
  const namesOf = (wanted: ZoneChange['what']): string[] =>
    changes.filter(({ what }) => what === wanted).map(({ zone }) => zone);
  return (['unreachable', 'reached'] as const).flatMap((what) => {
    const names = namesOf(what);
    return names.length === 0 ? [] : [occurrenceOf(what, names, snapshot, at)];
  });
}

function occurrenceOf(
  what: ZoneChange['what'],
  names: string[],
  snapshot: NodesSnapshot,
  at: number,
): NodeOccurrence {
  const zones = new Set(names);
  const [first = ''] = names;
  const isOne = names.length === 1;
  const inside = snapshot.nodes.filter((node) => zones.has(node.zone));
  return {
    type: 'node',
    key: `zone/${isOne ? first : names.length}/${what}@${at}`,
    at,
    summary: summaryOf(what, names, inside.length),
    data: {
      what,
      ...(isOne ? { zone: first } : { zones: names.slice(0, mostListed) }),
      count: inside.length,
      nodes: inside.slice(0, mostListed).map(({ uuid, name, display_name, addresses, state }): Json => {
        return { uuid, name, display_name, addresses, state };
      }),
    },
  };
}

function summaryOf(what: ZoneChange['what'], names: string[], count: number): string {
  const size = `${count} ${count === 1 ? 'node' : 'nodes'}`;
  if (names.length === 1)
    return what === 'reached'
      ? `zone ${names[0]} is reached again (${size})`
      : `zone ${names[0]} is unreachable: no proxy on the way to it is heard (${size})`;
  const shown = `${names.slice(0, mostNamed).join(', ')}${names.length > mostNamed ? ' …' : ''}`;
  return what === 'reached'
    ? `${names.length} zones are reached again (${size}): ${shown}`
    : `${names.length} zones are unreachable, no proxy on the way to them is heard (${size}): ${shown}`;
}
