import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { CheckFact, ExportedFacts } from 'opsbro/sdk';
import { protocolVersion } from '../codec.ts';
import type { OwnRecord } from '../messages.ts';
import { isLoopback } from './endpoint.ts';

/** What a node tells of itself beside what every record has. */
export interface TellingRecord extends OwnRecord {
  /** Absent where it is the name. */
  display_name?: string;
  version: string;
  protocol: [number, number];
  proxy: boolean;
  checks_version: number;
  failing: string[];
}

/** What does not come from the facts. */
export interface RecordSettings {
  addresses: string[];
  port: number;
  /** '' where the facts tell it. */
  zone: string;
  displayName: string;
  proxy: boolean;
  version: string;
}

/** Together they stay within the 64 KiB of a record's body, twice: all, and those that fail. */
const mostGroups = 250;
const groupBytes = 100;

/** The record of this node, and how many groups it leaves out. */
export function ownRecord(
  facts: ExportedFacts,
  settings: RecordSettings,
  checksVersion: number,
): { record: TellingRecord; leftOut: number } {
  const { node, checks } = facts;
  const { displayName, zone, ...rest } = settings;
  const groups = facts.groups.filter((group) => Buffer.byteLength(group) <= groupBytes).slice(0, mostGroups);
  const record = {
    uuid: node.uuid,
    name: node.name,
    ...(displayName !== '' && displayName !== node.name && { display_name: displayName.slice(0, 255) }),
    ...rest,
    zone: zone === '' ? node.zone : zone,
    groups,
    protocol: [protocolVersion, protocolVersion] as [number, number],
    checks_version: checksVersion,
    failing: failingGroups(groups, checks),
  };
  return { record, leftOut: facts.groups.length - groups.length };
}

/** Groups, sorted, of which a check is hard critical: the group that the check asks for, or else its pack where that is a group. */
export function failingGroups(groups: readonly string[], checks: readonly CheckFact[]): string[] {
  const failing = checks
    .filter(({ state, hard }) => state === 'critical' && hard)
    .map(({ if_group, pack }) => (if_group === undefined || if_group === '' ? pack : if_group));
  return groups.filter((group) => failing.includes(group)).sort();
}

/** Addresses where others reach this host when it listens everywhere: private networks first, IPv4 before IPv6; at most four. */
export function hostAddresses(interfaces = networkInterfaces()): string[] {
  const rank = (address: string): number => {
    if (!isIPv4(address)) return 4;
    return address.startsWith('192.')
      ? 0
      : address.startsWith('172.')
        ? 1
        : address.startsWith('10.')
          ? 2
          : 3;
  };
  const found = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter(
      ({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address) && !isLoopback(address),
    )
    .map(({ address }) => address);
  return [...new Set(found)].sort((one, other) => rank(one) - rank(other)).slice(0, 4);
}
