import type { ClusterNode, NodeCheck, NodeDetailsSnapshot, NodesSnapshot } from 'opsbro/sdk';
import { canonical } from './address.ts';
import type { Ancestry, Asked } from './names.ts';
import { asLabel } from './options.ts';

/** Of the options, what decides who is told. */
export interface ZoneRules {
  /** Leave out nodes of which a check fails, for the group that is asked for. */
  onlyPassing: boolean;
  /** A zone that nobody knows is no zone, rather than all of them. */
  isStrict: boolean;
}

/** Who stands behind a name. An empty list: the name is known, and nobody is to be told. */
export type Found = readonly ClusterNode[];

/** One check of a node, and that node. */
export interface FoundCheck {
  node: ClusterNode;
  check: NodeCheck;
}

const noNodes: Found = [];

/** The nodes of a snapshot by the names they are asked by. A new snapshot makes a new table; only what is known of checks moves below it. */
export class ZoneTable implements Ancestry {
  readonly isStrict: boolean;
  readonly #rules: ZoneRules;
  readonly #details: () => NodeDetailsSnapshot;
  /** Names of zones, lower case. */
  readonly #zones: Set<string>;
  /** Names, as nodes have them, of zones whose proxies are all gone: of their nodes nobody hears anything. */
  readonly #lost: Set<string>;
  /** Nodes by keyword and value. */
  readonly #index = { group: new Index(), name: new Index(), uuid: new Index() };
  readonly #addresses = new Map<string, ClusterNode[]>();
  /** Nodes of one name, as answers name them. */
  readonly #named = new Map<string, number>();

  constructor(snapshot: NodesSnapshot, details: () => NodeDetailsSnapshot, rules: ZoneRules) {
    this.isStrict = rules.isStrict;
    this.#rules = rules;
    this.#details = details;
    this.#zones = new Set(snapshot.zones.map(({ name }) => name.toLowerCase()));
    this.#lost = new Set(snapshot.zones.filter(({ unreachable }) => unreachable).map(({ name }) => name));
    for (const node of snapshot.nodes) this.#add(node);
  }

  #add(node: ClusterNode): void {
    const { group, name, uuid } = this.#index;
    this.#zones.add(node.zone.toLowerCase());
    for (const each of node.groups) group.add(asLabel(each), node);
    name.add(node.name, node);
    name.add(node.display_name, node);
    uuid.add(node.uuid, node);
    const key = zonedName(node);
    this.#named.set(key, (this.#named.get(key) ?? 0) + 1);
    for (const address of node.addresses) {
      const sound = canonical(address);
      if (sound === undefined) continue;
      const owners = this.#addresses.get(sound);
      if (owners === undefined) this.#addresses.set(sound, [node]);
      else if (owners.at(-1) !== node) owners.push(node);
    }
  }

  isZone(zone: string): boolean {
    return this.#zones.has(zone);
  }

  isZoneOrAbove(zone: string): boolean {
    return [...this.#zones].some((each) => each === zone || each.endsWith(`.${zone}`));
  }

  isAbove(keyword: string, suffix: string): boolean {
    if (keyword === '_tcp') return this.#index.group.isAbove(suffix);
    const index = this.#index[keyword as 'group' | 'name' | 'uuid'] as Index | undefined;
    return index?.isAbove(suffix) ?? false;
  }

  isNodeOrAbove(name: string): boolean {
    return this.#index.name.find(name) !== undefined || this.#index.name.isAbove(name);
  }

  /** Groups that a node has, as names spell them. */
  groups(): IterableIterator<string> {
    return this.#index.group.keys();
  }

  /** The nodes that a name of a group, a service, a node or a uuid stands for; undefined when it does not exist. */
  find(asked: Exclude<Asked, { about: 'check' }>): Found | undefined {
    const keyword = asked.about === 'service' ? 'group' : asked.about;
    const nodes = this.#inZone(this.#index[keyword].find(asked.value), asked.zone);
    if (nodes === undefined) return undefined;
    const group = keyword === 'group' ? asked.value : null;
    return this.#telling(nodes, group);
  }

  /** The checks that a name stands for, an empty list where nothing is known of a node's checks; undefined when it does not exist. */
  findChecks({ value, node, zone }: Extract<Asked, { about: 'check' }>): readonly FoundCheck[] | undefined {
    const nodes = this.#inZone(this.#index.name.find(node), zone);
    if (nodes === undefined) return undefined;
    const isFetched = nodes.some(({ uuid }) => Object.hasOwn(this.#details(), uuid));
    const found = nodes.flatMap((owner) =>
      this.#checksOf(owner, value).map((check) => ({ node: owner, check })),
    );
    if (found.length === 0 && isFetched) return undefined;
    const told = new Set(this.#telling(nodes, null));
    return found.filter((each) => told.has(each.node));
  }

  /** Nodes with an address, as `canonical` writes it; undefined when it is nobody's. */
  owners(address: string): Found | undefined {
    const nodes = this.#addresses.get(address);
    return nodes === undefined ? undefined : this.#telling(nodes, null);
  }

  /** True when the name and zone of a node stand for that node alone. */
  isAlone(node: ClusterNode): boolean {
    return this.#named.get(zonedName(node)) === 1;
  }

  #checksOf(node: ClusterNode, name: string): NodeCheck[] {
    const details = this.#details();
    const checks = Object.hasOwn(details, node.uuid) ? (details[node.uuid]?.checks ?? []) : [];
    return checks.filter((check) => check.name.toLowerCase() === name);
  }

  #inZone(nodes: readonly ClusterNode[] | undefined, zone: string): readonly ClusterNode[] | undefined {
    if (nodes === undefined || (this.isStrict && !this.#zones.has(zone))) return undefined;
    if (!this.#zones.has(zone)) return nodes;
    const inside = nodes.filter((node) => node.zone.toLowerCase() === zone);
    return inside.length === 0 ? undefined : inside;
  }

  /** Alive nodes that pass; where there is none, suspects that do, and those of a zone that is out of reach. */
  #telling(nodes: readonly ClusterNode[], group: string | null): Found {
    const passing = nodes.filter(
      (node) => group === null || !this.#rules.onlyPassing || !isFailing(node, group),
    );
    const sure = passing.filter(({ state, zone }) => state === 'alive' && !this.#lost.has(zone));
    if (sure.length > 0) return sure;
    const doubtful = passing.filter(({ state }) => state === 'alive' || state === 'suspect');
    return doubtful.length > 0 ? doubtful : noNodes;
  }
}

function zonedName({ name, zone }: ClusterNode): string {
  return `${name.toLowerCase()} ${zone.toLowerCase()}`;
}

function isFailing(node: ClusterNode, group: string): boolean {
  return node.failing.some((each) => asLabel(each) === group);
}

/** Nodes by lower-case key, and the ends of keys that have dots. */
class Index {
  readonly #nodes = new Map<string, ClusterNode[]>();
  readonly #ends = new Set<string>();

  add(name: string, node: ClusterNode): void {
    const key = name.toLowerCase();
    const nodes = this.#nodes.get(key);
    if (nodes === undefined) {
      this.#nodes.set(key, [node]);
      for (let dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', dot + 1))
        this.#ends.add(key.slice(dot + 1));
    } else if (nodes.at(-1) !== node) nodes.push(node);
  }

  find(key: string): readonly ClusterNode[] | undefined {
    return this.#nodes.get(key);
  }

  isAbove(end: string): boolean {
    return this.#ends.has(end);
  }

  keys(): IterableIterator<string> {
    return this.#nodes.keys();
  }
}
