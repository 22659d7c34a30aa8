import type { MemberTable } from '../member-table.ts';
import { type Accuser, isLive, type Member } from '../members.ts';
import type { AliveClaim, MemberState } from '../messages.ts';
import { randomOrder } from '../probe-ring.ts';
import type { Random } from '../transport.ts';

/** Codes of the states in a column; 0 is who is not known. */
const states: MemberState[] = ['alive', 'suspect', 'dead', 'leave'];
const nobody: readonly Accuser[] = [];

/** What only few views need at a time. */
interface Rare {
  incarnation: number;
  accusers: readonly Accuser[];
  leave: Member['leave'];
}

/**
 * What each of n members believes of each of n, 9 bytes a view in columns. A member becomes an object for as long as somebody looks at it,
 * so the code of agents decides and the columns only remember. Words of a node are kept once for all who know them.
 */
export class PackedWorld {
  readonly names: readonly string[];
  readonly places: ReadonlyMap<string, number>;
  readonly states: Uint8Array;
  readonly incarnations: Uint16Array;
  readonly since: Float32Array;
  /** For each observer the subjects that it knows, in the order in which an agent's own table would hold them. */
  readonly order: Uint16Array;
  readonly #claims: Map<number, AliveClaim>[];

  constructor(names: readonly string[]) {
    const views = names.length ** 2;
    this.names = names;
    this.places = new Map(names.map((name, place) => [name, place]));
    this.states = new Uint8Array(views);
    this.incarnations = new Uint16Array(views);
    this.since = new Float32Array(views);
    this.order = new Uint16Array(views);
    this.#claims = names.map(() => new Map());
  }

  /** The table of one member; `isAcquainted` where it begins by knowing all that were given to `acquaint`. */
  table(observer: number, isAcquainted = false): MemberTable {
    const count = this.names.length;
    if (!isAcquainted) this.states.fill(0, observer * count, (observer + 1) * count);
    return new PackedMembers(this, observer, isAcquainted ? count : 0);
  }

  /** From here on everybody knows everybody by these words, one a member in the order of `names`. Call before any table is made. */
  acquaint(claims: readonly AliveClaim[]): void {
    for (const [subject, claim] of claims.entries()) this.keep(subject, claim);
    const row = Uint16Array.from(claims, ({ record }) => record.incarnation);
    const all = Uint16Array.from(claims, (_, subject) => subject);
    for (let at = 0; at < this.states.length; at += claims.length) {
      this.incarnations.set(row, at);
      this.order.set(all, at);
    }
    this.states.fill(1);
  }

  claim(subject: number, incarnation: number): AliveClaim {
    const claim = this.#claims[subject]?.get(incarnation);
    if (claim === undefined) throw new RangeError(`${this.names[subject]} never said ${incarnation}`);
    return claim;
  }

  /** Remembers a node's word. Throws RangeError where it said other words under the same incarnation: one column cannot tell them apart. */
  keep(subject: number, claim: AliveClaim): void {
    const { incarnation } = claim.record;
    const known = this.#claims[subject]?.get(incarnation);
    if (known === claim) return;
    if (incarnation > 65_535 || (known !== undefined && Buffer.compare(known.body, claim.body) !== 0))
      throw new RangeError(`${claim.record.uuid} cannot be packed under incarnation ${incarnation}`);
    this.#claims[subject]?.set(incarnation, known ?? claim);
  }
}

class PackedMembers implements MemberTable {
  readonly #world: PackedWorld;
  readonly #at: number;
  readonly #rare = new Map<number, Rare>();
  /** Everybody, in the order of `names`: then the list of names is shared. */
  #isWhole: boolean;
  #size: number;
  #live: number;

  constructor(world: PackedWorld, observer: number, known: number) {
    this.#world = world;
    this.#at = observer * world.names.length;
    this.#size = known;
    this.#live = known;
    this.#isWhole = known > 0;
  }

  get size(): number {
    return this.#size;
  }

  get live(): number {
    return this.#live;
  }

  get(uuid: string): Member | undefined {
    const subject = this.#world.places.get(uuid);
    return subject === undefined ? undefined : this.#view(subject);
  }

  set(member: Member): void {
    const { incarnation, alive, state, sinceMs, accusers, leave } = member;
    const world = this.#world;
    const subject = world.places.get(member.uuid);
    if (subject === undefined) throw new RangeError(`${member.uuid} has no column`);
    const at = this.#at + subject;
    const before = world.states[at] ?? 0;
    if (before === 0) {
      world.order[this.#at + this.#size] = subject;
      this.#size += 1;
    }
    this.#live += Number(isLive(member)) - Number(before === 1 || before === 2);
    world.keep(subject, alive);
    world.states[at] = states.indexOf(state) + 1;
    world.incarnations[at] = alive.record.incarnation;
    world.since[at] = sinceMs;
    if (state === 'alive') this.#rare.delete(subject);
    else this.#rare.set(subject, { incarnation, accusers, leave });
  }

  delete(uuid: string): void {
    const { places, states: known, order } = this.#world;
    const subject = places.get(uuid);
    if (subject === undefined || known[this.#at + subject] === 0) return;
    const own = order.subarray(this.#at, this.#at + this.#size);
    own[own.indexOf(subject)] = own.at(-1) as number;
    if ((known[this.#at + subject] ?? 0) <= 2) this.#live -= 1;
    known[this.#at + subject] = 0;
    this.#size -= 1;
    this.#rare.delete(subject);
    this.#isWhole = false;
  }

  list(): Member[] {
    return Array.from(this.#order(), (subject) => this.#view(subject) as Member);
  }

  uuids(): string[] {
    const { names } = this.#world;
    return this.#isWhole
      ? (names as string[])
      : Array.from(this.#order(), (subject) => names[subject] as string);
  }

  gone(): Member[] {
    if (this.#live === this.#size) return [];
    return this.list().filter((member) => !isLive(member));
  }

  sample(count: number, accepts: (member: Member) => boolean, random: Random): Member[] {
    const picked: Member[] = [];
    if (count < 1) return picked;
    const order = this.#order();
    for (const place of randomOrder(this.#size, random)) {
      const member = this.#view(order[place] as number) as Member;
      if (accepts(member) && picked.push(member) >= count) break;
    }
    return picked;
  }

  #order(): Uint16Array {
    return this.#world.order.subarray(this.#at, this.#at + this.#size);
  }

  #view(subject: number): Member | undefined {
    const { states: known, incarnations, since, names } = this.#world;
    const at = this.#at + subject;
    const code = known[at] ?? 0;
    if (code === 0) return undefined;
    const alive = this.#world.claim(subject, incarnations[at] ?? 0);
    const rare = this.#rare.get(subject);
    const member: Member = {
      uuid: names[subject] as string,
      alive,
      incarnation: rare?.incarnation ?? alive.record.incarnation,
      state: states[code - 1] as MemberState,
      sinceMs: since[at] ?? 0,
      accusers: rare?.accusers ?? nobody,
    };
    if (rare?.leave !== undefined) member.leave = rare.leave;
    return member;
  }
}
