import type { CheckFact, ClusterNode, Json, JsonObject, NodeCheck } from 'opsbro/sdk';
import { displayName, objectName } from './text.ts';

/** A service of a host: one check of a node. All of it may be written into a configuration as it is. */
export interface Service {
  /** `Agent-<check>`, once per host. */
  name: string;
  /** Exit code of a Nagios plugin; null when nothing can be told: the check is pending, or its state is not confirmed yet. */
  code: 0 | 1 | 2 | 3 | null;
  /** As the node said them: to be escaped where they are written. */
  output: string;
  perfdata: string;
}

/** A host: one node. All of it but the outputs may be written into a configuration as it is. */
export interface Host {
  uuid: string;
  name: string;
  /** What people see. */
  alias: string;
  address: string;
  /** `agent`, `opsbro`, the groups of the node, its zone; each once. */
  labels: string[];
  state: ClusterNode['state'];
  /** Milliseconds of the clock that the view goes by. */
  since: number;
  /** What checks it has was told; without it there are no services here, and nobody knows which there should be. */
  isKnown: boolean;
  services: Service[];
}

/** What of a node a host is made of; nothing in it is trusted. */
export type NodeFacts = Pick<
  ClusterNode,
  'uuid' | 'name' | 'display_name' | 'addresses' | 'zone' | 'groups' | 'state' | 'since'
>;

const codes = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;
const states = ['alive', 'suspect', 'dead', 'leave'];
const maxLabels = 500;
const maxServices = 2000;

/** Whether a node may become a host by this name: the name of its file and of its host is its uuid. */
export function isHostName(uuid: Json | undefined): uuid is string {
  return typeof uuid === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(uuid);
}

/** The nodes of a snapshot that can become hosts; `refused` hears of the others. */
export function readNodes(snapshot: Json, refused: (uuid: string) => void): NodeFacts[] {
  const { nodes } = (snapshot ?? {}) as { nodes?: Json };
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((entry) => {
    const node = (entry ?? {}) as JsonObject;
    if (!isHostName(node.uuid) || !states.includes(node.state as string)) {
      refused(String(node.uuid));
      return [];
    }
    return [
      {
        uuid: node.uuid,
        name: text(node.name),
        display_name: text(node.display_name),
        addresses: texts(node.addresses),
        zone: text(node.zone),
        groups: texts(node.groups),
        state: node.state as ClusterNode['state'],
        since: typeof node.since === 'number' ? node.since : 0,
      },
    ];
  });
}

/** The checks of one node in the snapshot of details, or of this node's own facts. */
export function readChecks(checks: Json | undefined): (NodeCheck | CheckFact)[] {
  if (!Array.isArray(checks)) return [];
  const known = checks.filter(
    (check) => typeof check === 'object' && check !== null && !Array.isArray(check) && 'id' in check,
  );
  return known.slice(0, maxServices) as unknown as NodeCheck[];
}

/** Makes a host of a node; null for checks that nobody told of yet. */
export function hostOf(node: NodeFacts, checks: readonly (NodeCheck | CheckFact)[] | null): Host {
  const name = displayName(node.name || node.uuid);
  const groups = node.groups.slice(0, maxLabels).map(objectName);
  return {
    uuid: node.uuid,
    name,
    alias: displayName(node.display_name || node.name || node.uuid),
    address: node.addresses.find(isAddress) ?? node.uuid,
    labels: [
      ...new Set(['agent', 'opsbro', ...groups, ...(node.zone === '' ? [] : [objectName(node.zone)])]),
    ],
    state: node.state,
    since: node.since,
    isKnown: checks !== null,
    services: servicesOf(checks ?? []),
  };
}

/** By id; where two packs have a check of one name, the pack is part of both names. */
function servicesOf(checks: readonly (NodeCheck | CheckFact)[]): Service[] {
  const sorted = [...checks].sort((one, other) => (text(one.id) < text(other.id) ? -1 : 1));
  const short = sorted.map(({ id }) => objectName(text(id).split('/').at(-1) ?? ''));
  const times = new Map<string, number>();
  for (const own of short) times.set(own, (times.get(own) ?? 0) + 1);
  const taken = new Map<string, number>();
  return sorted.map((check, index) => {
    const own = short[index] ?? '_';
    const wanted = times.get(own) === 1 ? own : objectName(`${text(check.id).split('/')[0]}-${own}`);
    const name = `Agent-${freeName(wanted, taken)}`;
    const code = check.hard === true && Object.hasOwn(codes, check.state) ? check.state : null;
    return {
      name,
      code: code === null ? null : codes[code as keyof typeof codes],
      output: text(check.output),
      perfdata: text(check.perfdata),
    };
  });
}

/** The name, or the name with the first number that nobody has. */
function freeName(wanted: string, taken: Map<string, number>): string {
  let name = wanted;
  let number = taken.get(wanted) ?? 1;
  for (; taken.has(name); name = `${wanted}-${number}`) number += 1;
  taken.set(wanted, number);
  taken.set(name, 1);
  return name;
}

function isAddress(address: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$|^[0-9A-Fa-f:]{2,45}$/.test(address);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
