import type { ClusterNode, NodesSnapshot } from 'opsbro/sdk';
import type { Member } from '../members.ts';
import type { NodeRecord } from '../messages.ts';
import type { ZoneView } from '../zones/zone-reach.ts';

/** A member and what it tells of itself. */
export interface Told {
  member: Member;
  record: NodeRecord;
}

/** A member as others see it; times are epoch milliseconds. `behindMs` is how much the wall clock is ahead of the member's. */
export function clusterNode({ member, record }: Told, behindMs: number): ClusterNode {
  const { state, sinceMs, incarnation } = member;
  const { display_name, version, protocol, proxy, checks_version, failing } = record;
  return {
    uuid: record.uuid,
    name: record.name,
    display_name: text(display_name) || record.name,
    addresses: record.addresses,
    port: record.port,
    zone: record.zone,
    groups: [...record.groups].sort(),
    state,
    since: Math.round(sinceMs + behindMs),
    incarnation,
    version: text(version),
    protocol: range(protocol),
    proxy: proxy === true,
    checks_version: versionOf(checks_version),
    failing: names(failing),
  };
}

/** 0 where its record tells none. */
function versionOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** All members, by name and uuid, and the zones that are seen; those of the members where there is no tree of zones. */
export function nodesSnapshot(
  self: string,
  members: readonly Told[],
  behindMs: number,
  views?: readonly ZoneView[],
): NodesSnapshot {
  const nodes = members
    .map((told) => clusterNode(told, behindMs))
    .sort((one, other) => compare(one.name, other.name) || compare(one.uuid, other.uuid));
  const zone = nodes.find(({ uuid }) => uuid === self)?.zone ?? '';
  const names = [...new Set(nodes.map((node) => node.zone))].sort();
  const zones = views ?? names.map((name) => ({ name, parent: null, unreachable: false }));
  return { self, zone, zones: [...zones], nodes };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** What others tell is bounded by their record's size, and may be anything. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string').sort() : [];
}

function range(value: unknown): [number, number] {
  const [low, high] = Array.isArray(value) ? value : [];
  return Number.isSafeInteger(low) && Number.isSafeInteger(high) ? [low, high] : [1, 1];
}
