import { isLive, type Member } from '../members.ts';
import { endpointOf, type Message, type NodeRecord } from '../messages.ts';
import { type ZoneView, zoneViews } from './zone-reach.ts';
import type { ZoneTree } from './zone-tree.ts';

/** Answers a node's questions about zones: who speaks, who may hear what. Without a tree there is one pool, and the answers are always yes. */
export class ZoneDesk {
  readonly #tree: ZoneTree | undefined;
  readonly #uuid: string;
  readonly #isProxy: boolean;
  readonly #endpoints = new Map<string, string>();

  constructor(tree: ZoneTree | undefined, uuid: string, isProxy: boolean) {
    this.#tree = tree;
    this.#uuid = uuid;
    this.#isProxy = isProxy;
  }

  /** First in what goes to others: of which zone we are. */
  get hello(): Message[] {
    return this.#tree === undefined ? [] : [{ kind: 'hello', zone: this.#tree.own }];
  }

  /** Whose word this is. What came under the key of another zone is that zone's, whatever it says. */
  speaker(messages: readonly Message[], keyZone: string | undefined): string | undefined {
    const tree = this.#tree;
    if (tree === undefined) return undefined;
    if (keyZone !== undefined && keyZone !== tree.own) return keyZone;
    const hello = messages.find(({ kind }) => kind === 'hello');
    return hello?.kind === 'hello' ? hello.zone : tree.own;
  }

  /** Whether this node listens to one of that zone: to its own, and as a proxy to those right above and below. */
  hears(speaker: string | undefined): boolean {
    const tree = this.#tree;
    if (tree === undefined || speaker === undefined || speaker === tree.own) return true;
    return this.#isProxy && tree.isAdjoining(speaker);
  }

  isAbove(zone: string | undefined): boolean {
    return this.#tree !== undefined && zone !== undefined && this.#tree.isBelow(this.#tree.own, zone);
  }

  isBelow(zone: string | undefined): boolean {
    return this.#tree !== undefined && zone !== undefined && this.#tree.isBelow(zone, this.#tree.own);
  }

  /** Whether one of `zone` is told of a node in a full exchange. Who is of a zone that we do not know yet hears of us only. */
  isTold(zone: string | undefined, record: NodeRecord): boolean {
    const tree = this.#tree;
    if (tree === undefined || zone === tree.own || record.uuid === this.#uuid) return true;
    return zone !== undefined && (record.zone === zone || tree.isToldTo(zone, record));
  }

  /** Whether one of `zone` is told of events. */
  takesEvents(zone: string | undefined): boolean {
    return this.#tree === undefined || zone === this.#tree.own || this.isAbove(zone);
  }

  /** Whether an endpoint is known to be one of our zone. */
  isOurs(endpoint: string): boolean {
    return this.#tree === undefined || this.zoneAt(endpoint) === this.#tree.own;
  }

  /** Of which zone the member at this endpoint is, as far as it is known. */
  zoneAt(endpoint: string): string | undefined {
    return this.#endpoints.get(endpoint);
  }

  /** Notes where a member is met. */
  place({ alive }: Member, all: () => readonly Member[]): void {
    if (this.#tree === undefined) return;
    const endpoint = endpointOf(alive.record);
    if (!this.#endpoints.has(endpoint)) this.#prune(all());
    this.#endpoints.set(endpoint, alive.record.zone);
  }

  /** The zones that are seen from here, sorted. */
  views(members: readonly Member[]): ZoneView[] {
    return this.#tree === undefined ? [] : zoneViews(this.#tree, members);
  }

  /** Endpoints that members have left behind go, once they are many. */
  #prune(all: readonly Member[]): void {
    if (this.#endpoints.size <= 2 * all.length + 100) return;
    this.#endpoints.clear();
    for (const member of all)
      if (isLive(member)) this.#endpoints.set(endpointOf(member.alive.record), member.alive.record.zone);
  }
}
