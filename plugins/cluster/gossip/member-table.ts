import { isLive, type Member } from './members.ts';
import { randomOrder } from './probe-ring.ts';
import type { Random } from './transport.ts';

/** Where a pool keeps its members, itself included. */
export interface MemberTable {
  readonly size: number;
  /** Members that take part. */
  readonly live: number;
  get(uuid: string): Member | undefined;
  /** Keeps a member in place of what was known of it. */
  set(member: Member): void;
  delete(uuid: string): void;
  list(): Member[];
  uuids(): string[];
  /** The dead and the left. */
  gone(): Member[];
  /** At most `count` of those that `accepts`, at random, without a look at all the others. */
  sample(count: number, accepts: (member: Member) => boolean, random: Random): Member[];
}

/** An object a member: what agents use. */
export class ListedMembers implements MemberTable {
  readonly #places = new Map<string, number>();
  readonly #list: Member[] = [];
  #live = 0;

  get size(): number {
    return this.#list.length;
  }

  get live(): number {
    return this.#live;
  }

  get(uuid: string): Member | undefined {
    const place = this.#places.get(uuid);
    return place === undefined ? undefined : this.#list[place];
  }

  set(member: Member): void {
    const place = this.#places.get(member.uuid) ?? this.#list.length;
    const before = this.#list[place];
    this.#live += Number(isLive(member)) - Number(before !== undefined && isLive(before));
    this.#places.set(member.uuid, place);
    this.#list[place] = member;
  }

  delete(uuid: string): void {
    const place = this.#places.get(uuid);
    const last = this.#list.at(-1);
    if (place === undefined || last === undefined) return;
    if (isLive(this.#list[place] as Member)) this.#live -= 1;
    this.#list[place] = last;
    this.#places.set(last.uuid, place);
    this.#list.pop();
    this.#places.delete(uuid);
  }

  list(): Member[] {
    return [...this.#list];
  }

  uuids(): string[] {
    return this.#list.map(({ uuid }) => uuid);
  }

  gone(): Member[] {
    return this.#list.filter((member) => !isLive(member));
  }

  sample(count: number, accepts: (member: Member) => boolean, random: Random): Member[] {
    const picked: Member[] = [];
    if (count < 1) return picked;
    for (const place of randomOrder(this.#list.length, random)) {
      const member = this.#list[place] as Member;
      if (accepts(member) && picked.push(member) >= count) break;
    }
    return picked;
  }
}
