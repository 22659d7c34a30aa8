import type { Json } from 'opsbro/sdk';
import type { NodeChange, NodeChangeKind } from './changes.ts';

/** What handlers are told of nodes. */
export interface NodeOccurrence {
  type: 'node';
  /** Unique for what happened, without the node that tells. */
  key: string;
  at: number;
  summary: string;
  data: { [key: string]: Json };
}

/** More nodes than this with the same change are one message: when a network splits, half of a cluster is suspect at once. */
const mostSingle = 5;
/** Of one message; the summary says how many there are. */
const mostListed = 100;
const mostNamed = 5;

/**
 * What people hear of changes between two snapshots: nothing of this node itself, whose groups and checks have events of their own, nor of
 * a check of another that leaves its failing groups as they were.
 */
export function nodeOccurrences(changes: readonly NodeChange[]): NodeOccurrence[] {
  const kinds = new Map<NodeChangeKind, NodeChange[]>();
  for (const change of changes)
    if (isNews(change)) kinds.set(change.what, [...(kinds.get(change.what) ?? []), change]);
  return [...kinds.values()].flatMap((alike) =>
    alike.length > mostSingle ? [ofMany(alike)] : alike.map(ofOne),
  );
}

/** Whether people hear of it at all. */
export function isNews({ self, what, added, removed }: NodeChange): boolean {
  return !self && (what !== 'checks' || added.length + removed.length > 0);
}

function ofOne(change: NodeChange): NodeOccurrence {
  const { what, uuid, at } = change;
  return {
    type: 'node',
    key: `node/${uuid}/${what}@${at}`,
    at,
    summary: summaryOf(change),
    data: { ...change },
  };
}

function ofMany(changes: NodeChange[]): NodeOccurrence {
  const [first] = changes as [NodeChange];
  const { what, at } = first;
  const names = changes.slice(0, mostNamed).map(nameOf).join(', ');
  const more = changes.length > mostNamed ? ' …' : '';
  return {
    type: 'node',
    key: `node/${changes.length}/${what}@${at}`,
    at,
    summary: `${changes.length} nodes ${many[what]}: ${names}${more}`,
    data: {
      what,
      count: changes.length,
      nodes: changes.slice(0, mostListed).map((change): Json => ({ ...change })),
    },
  };
}

const one: { [what in NodeChangeKind]: string } = {
  new: 'is new',
  alive: 'is alive again',
  suspect: 'does not answer',
  dead: 'is dead',
  leave: 'has left',
  deleted: 'is forgotten',
  groups: 'changed',
  checks: 'changed',
};

const many: { [what in NodeChangeKind]: string } = {
  new: 'are new',
  alive: 'are alive again',
  suspect: 'do not answer',
  dead: 'are dead',
  leave: 'have left',
  deleted: 'are forgotten',
  groups: 'changed their groups',
  checks: 'changed what fails on them',
};

function summaryOf(change: NodeChange): string {
  const { what, added, removed, zone } = change;
  const subject = `node ${nameOf(change)}`;
  const list = (names: string[]): string => names.join(', ');
  const parts =
    what === 'groups'
      ? [added.length > 0 && `is now ${list(added)}`, removed.length > 0 && `is no longer ${list(removed)}`]
      : what === 'checks'
        ? [
            added.length > 0 && `fails in ${list(added)}`,
            removed.length > 0 && `fails no more in ${list(removed)}`,
          ]
        : [zone === '' ? one[what] : `${one[what]} (zone ${zone})`];
  return `${subject} ${parts.filter((part) => part !== false).join(' and ')}`;
}

function nameOf({ display_name, name, uuid }: NodeChange): string {
  return (display_name || name || uuid).replaceAll(/\s+/g, ' ').slice(0, 100);
}
