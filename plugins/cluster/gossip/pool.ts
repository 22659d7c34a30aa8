import { Admission } from './admission.ts';
import { BroadcastQueue } from './broadcast-queue.ts';
import { leaveBytes } from './codec.ts';
import { packRecord } from './documents/split-record.ts';
import { ListedMembers, type MemberTable } from './member-table.ts';
import { applyAccusation, applyAlive, applyLeave, isLive, type Member, type Transition } from './members.ts';
import type { Accusation, AliveClaim, Evidence, LeaveClaim, OwnRecord, StateRow } from './messages.ts';
import { endpointOf } from './messages.ts';
import { type Claim, type Hearsay, hearsaySends, joinedSends, type PoolParts } from './pool-parts.ts';
import { Signatures } from './signatures.ts';
import { rowOf } from './state-row.ts';
import { SuspicionWatch } from './suspicion-watch.ts';
import { retransmitLimit } from './time.ts';
import { Tombstones } from './tombstones.ts';
import type { Random, Sized } from './transport.ts';
import { mayTell } from './zones/zone-claims.ts';

export type { Claim, Hearsay, PoolEvent, PoolParts } from './pool-parts.ts';

/** Who holds the zone's key can make up members; beyond this many the table takes no new ones. */
const memberLimit = 20_000;

/** The members as one node sees them: takes claims, runs suspicions, and queues what others must hear. Sends nothing itself. */
export class Pool<Packet extends Sized = Uint8Array> {
  readonly queue = new BroadcastQueue<Packet>();
  readonly #parts: PoolParts<Packet>;
  readonly #admission: Admission;
  readonly #watch: SuspicionWatch;
  readonly #tombstones: Tombstones;
  readonly #members: MemberTable;
  readonly #signatures: Signatures;
  #own: OwnRecord;
  /** How many of our words came from elsewhere and outdid ours: of an earlier life are few, a copy of us always has one more. */
  #outdone = 0;
  /** Live members of other zones. */
  #foreign = 0;

  constructor(parts: PoolParts<Packet>) {
    this.#parts = parts;
    this.#members = parts.table ?? new ListedMembers();
    this.#own = parts.self;
    this.#admission = new Admission(parts.timers);
    this.#signatures = new Signatures(parts.identity);
    this.#tombstones = new Tombstones(parts.settings.forgetDeadMs);
    this.#watch = new SuspicionWatch({
      settings: parts.settings,
      timers: parts.timers,
      members: () => this.live,
      ask: (uuid, done) => {
        const suspect = this.#members.get(uuid);
        if (parts.ask === undefined || suspect === undefined) done(false);
        else parts.ask(suspect, done);
      },
      onDeath: (suspicion) => this.accuse(suspicion.uuid, 'suspicion-timeout', 'dead'),
      onDegraded: (degraded) => parts.onEvent({ kind: degraded ? 'degraded' : 'recovered' }),
    });
    this.#announce(parts.incarnation);
  }

  get uuid(): string {
    return this.#parts.self.uuid;
  }

  get self(): Member {
    return this.#members.get(this.uuid) as Member;
  }

  /** Members of our zone that take part, this node included. */
  get live(): number {
    return this.#members.live - this.#foreign;
  }

  /** Claims with a wrong signature since the start. */
  get forged(): number {
    return this.#signatures.forged;
  }

  /** Whether this node doubts itself and announces no deaths. */
  get degraded(): boolean {
    return this.#watch.degraded;
  }

  /** How often a message is passed on. */
  get sendLimit(): number {
    return retransmitLimit(this.#parts.settings.retransmitMult, this.live);
  }

  get(uuid: string): Member | undefined {
    return this.#members.get(uuid);
  }

  /** Every member, this node included; the left until they are forgotten. */
  list(): Member[] {
    return this.#members.list();
  }

  uuids(): string[] {
    return this.#members.uuids();
  }

  /** At most `count` others of our zone that `accepts`, at random. */
  sample(count: number, accepts: (member: Member) => boolean, random: Random): Member[] {
    const isMeant = (member: Member): boolean =>
      member.uuid !== this.uuid && this.isPeer(member) && accepts(member);
    return this.#members.sample(count, isMeant, random);
  }

  /** Whether the member is of our zone. Only these are probed, and judged by us; how others are is told by theirs. */
  isPeer({ alive }: Member): boolean {
    const { zones } = this.#parts;
    return zones === undefined || alive.record.zone === zones.own;
  }

  /** The dead and the left that are not forgotten yet. */
  gone(): Member[] {
    return this.#members.gone();
  }

  /** Replaces what this node tells about itself, under a new incarnation. What is undefined is told no more. */
  update(changes: Partial<OwnRecord>): void {
    const fields = Object.entries({ ...this.#own, ...changes, uuid: this.uuid });
    this.#own = Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as OwnRecord;
    this.#announce(this.self.incarnation + 1);
  }

  /** This node accuses a member. Returns the claim, or undefined where it changes nothing. */
  accuse(uuid: string, evidence: Evidence, kind: Accusation['kind'] = 'suspect'): Accusation | undefined {
    const member = this.#members.get(uuid);
    if (member === undefined || uuid === this.uuid) return undefined;
    const claim: Accusation = { kind, uuid, incarnation: member.incarnation, by: this.uuid, evidence };
    this.#settle(claim, applyAccusation(member, claim, this.#now()));
    return claim;
  }

  /** Somebody has answered this node, who was alone: its own word, told to nobody so far, is known there now. */
  joined(): void {
    const message = this.#parts.wire.encode(this.self.alive);
    this.queue.add(this.uuid, message, Math.max(0, this.sendLimit - joinedSends));
  }

  /** Calls `done` when everything is judged that was taken so far; not after `stop`. */
  settled(done: () => void): void {
    this.#admission.submit(done);
  }

  /** This node leaves: signed, so that nobody takes it for dead. */
  leave(): void {
    const { uuid, incarnation } = this.self;
    const signature = this.#parts.identity.sign(leaveBytes(uuid, incarnation));
    const claim: LeaveClaim = { kind: 'leave', uuid, incarnation, by: uuid, signature };
    this.#settle(claim, applyLeave(this.self, claim, this.#now()));
  }

  /** Clears away a member that is suspect or dead here. False where it is not. */
  clearAway(uuid: string): boolean {
    const member = this.#members.get(uuid);
    if (member === undefined || (member.state !== 'suspect' && member.state !== 'dead')) return false;
    const { incarnation } = member;
    this.#apply({ kind: 'leave', uuid, incarnation, by: this.uuid, signature: new Uint8Array() });
    return true;
  }

  /** Takes a claim that another member passed on, one of the zone `speaker`. */
  take(claim: Claim, speaker?: string, hearsay?: Hearsay): void {
    const { zones } = this.#parts;
    const uuid = claim.kind === 'alive' ? claim.record.uuid : claim.uuid;
    if (zones !== undefined && !mayTell(zones, speaker, claim, this.#known(uuid))) return;
    if (claim.kind !== 'alive' && claim.kind !== 'leave') this.#apply(claim);
    else if (this.#isNews(claim)) this.#admit(claim, hearsay);
    else if (claim.kind === 'alive') this.#answerStale(claim);
  }

  /** Takes one row of another member's table, and passes it on as `hearsay` says. What it holds dead is only suspected here, so that its subject can refute. */
  takeRow(row: StateRow, speaker?: string, hearsay: Hearsay = 'once'): void {
    const { uuid, zone } = row.alive.record;
    const { zones } = this.#parts;
    if (zones !== undefined && speaker !== undefined && !zones.maySpeak(speaker, zone)) {
      if (row.state === 'alive') this.take(row.alive, speaker);
      return;
    }
    if (zones?.sees(row.alive.record) === false) return;
    const gone = row.state === 'dead' || row.state === 'leave';
    if (gone && uuid !== this.uuid && this.#known(uuid) === undefined) {
      this.#admission.submit(() => this.#signatures.isOwnWord(row.alive) && this.#adopt(row));
      return;
    }
    const grave = this.#tombstones.get(uuid);
    if (grave !== undefined && row.state === 'leave' && row.incarnation <= grave.incarnation) return;
    this.take(row.alive, undefined, hearsay);
    const { by, incarnation, signature } = row;
    // Behind the claim that it builds on, which may wait for its signature.
    if (row.state === 'leave')
      this.#admission.submit(() => this.take({ kind: 'leave', uuid, incarnation, by, signature }));
    else if (row.state !== 'alive')
      this.#admission.submit(() => {
        // Nobody here looks after one of another zone: its own zone has judged.
        const isJudged = row.state === 'dead' && zones !== undefined && zone !== zones.own;
        this.#apply({ kind: isJudged ? 'dead' : 'suspect', uuid, incarnation, by, evidence: 'reported' });
      });
  }

  /** Every row of this node's table. */
  rows(): StateRow[] {
    const now = this.#now();
    return this.list().map((member) => rowOf(member, now));
  }

  /** What this node holds against a member, for its ears: it can refute only what it hears. */
  charge(uuid: string): Accusation | undefined {
    const member = this.#members.get(uuid);
    if (member === undefined || (member.state !== 'suspect' && member.state !== 'dead')) return undefined;
    const evidence = member.accusers.at(-1)?.evidence ?? 'reported';
    return { kind: member.state, uuid, incarnation: member.incarnation, by: this.uuid, evidence };
  }

  /** Forgets who left or died long ago. Called now and then. */
  forget(): void {
    const now = this.#now();
    const { forgetLeftMs, forgetDeadMs } = this.#parts.settings;
    for (const member of this.#members.gone()) {
      const age = now - member.sinceMs;
      const isOver =
        member.state === 'leave' ? age >= forgetLeftMs : member.state === 'dead' && age >= forgetDeadMs;
      if (!isOver || member.uuid === this.uuid) continue;
      this.#members.delete(member.uuid);
      this.queue.remove(member.uuid);
      if (member.state === 'leave') this.#tombstones.add(member, now);
      this.#parts.onEvent({ kind: 'deleted', member });
    }
    this.#tombstones.purge(now);
  }

  /** Ends every timer. */
  stop(): void {
    this.#watch.stop();
    this.#admission.stop();
  }

  #now(): number {
    return this.#parts.timers.now();
  }

  #known(uuid: string): Member | undefined {
    return this.#members.get(uuid) ?? this.#tombstones.get(uuid);
  }

  #announce(incarnation: number): void {
    const { identity } = this.#parts;
    const { record, bytes, body } = packRecord({ ...this.#own, incarnation, key: identity.key });
    if (body !== undefined) this.#parts.onOwnBody?.(body);
    const claim: AliveClaim = { kind: 'alive', body: bytes, signature: identity.sign(bytes), record };
    this.#settle(claim, applyAlive(this.#members.get(this.uuid), claim, this.#now()));
  }

  #admit(claim: AliveClaim | LeaveClaim, hearsay: Hearsay | undefined): void {
    this.#admission.submit(() => this.#isNews(claim) && this.#isSigned(claim) && this.#apply(claim, hearsay));
  }

  #apply(claim: Claim, hearsay?: Hearsay): void {
    const uuid = claim.kind === 'alive' ? claim.record.uuid : claim.uuid;
    if (uuid === this.uuid) {
      this.#hearOfSelf(claim);
      return;
    }
    const known = this.#known(uuid);
    const now = this.#now();
    if (claim.kind === 'alive') this.#settle(claim, applyAlive(known, claim, now), hearsay);
    else if (claim.kind === 'leave') this.#settle(claim, applyLeave(known, claim, now));
    else if (known !== undefined && this.isPeer(known) && this.#watch.isEarly(claim, known)) {
      const suspicion: Accusation = { ...claim, kind: 'suspect' };
      this.#settle(suspicion, applyAccusation(known, suspicion, now));
      this.#watch.hasten(uuid);
    } else this.#settle(claim, applyAccusation(known, claim, now));
  }

  /** Another's word about us. An accusation is refuted; our own word from an earlier life is outdone. */
  #hearOfSelf(claim: Claim): void {
    const self = this.self;
    if (self.state === 'leave') return;
    if (claim.kind !== 'alive') {
      const isEarlierLife = claim.kind === 'leave' && claim.by === this.uuid;
      if (claim.incarnation < self.incarnation || (!isEarlierLife && claim.incarnation > self.incarnation))
        return;
      if (!isEarlierLife) this.#parts.onRefute();
      this.#announce(claim.incarnation + 1);
      return;
    }
    const transition = applyAlive(self, claim, this.#now());
    if (transition.result === 'changed' && endpointOf(claim.record) !== endpointOf(self.alive.record))
      this.#outdone += 1;
    if (transition.result === 'changed' && this.#outdone > 2)
      this.#parts.onEvent({ kind: 'conflict', member: self, rival: claim.record });
    if (transition.result === 'conflict') this.#settle(claim, transition);
    else if (transition.result !== 'ignored') this.#announce(claim.record.incarnation + 1);
  }

  #settle(claim: Claim, transition: Transition, hearsay?: Hearsay): void {
    if (transition.result === 'conflict' && claim.kind === 'alive') {
      const member = this.#known(claim.record.uuid);
      if (member !== undefined && isLive(member))
        this.#parts.onEvent({ kind: 'conflict', member, rival: claim.record });
    }
    if (transition.result !== 'changed' && transition.result !== 'confirmed') return;
    const { member } = transition;
    const before = this.#members.get(member.uuid);
    this.#store(member);
    if (transition.result === 'confirmed') {
      // What a table says begins a suspicion and shortens none: after a split all of the far side say so at once.
      const isSeen = claim.kind === 'suspect' && claim.evidence !== 'reported';
      const isNew = isSeen && this.#watch.confirm(member.uuid, claim.by);
      if (isNew) this.#tell(member, claim);
      this.#parts.onEvent({ kind: 'accused', member });
      return;
    }
    this.#tell(member, claim, before === undefined ? hearsay : undefined);
    if (member.state === 'suspect' && this.isPeer(member)) this.#watch.begin(member);
    else this.#watch.end(member.uuid);
    const isHere = member.uuid === this.uuid || this.#parts.zones?.sees(member.alive.record) !== false;
    if (!isHere) this.#drop(member);
    else if (before === undefined) this.#parts.onEvent({ kind: 'new', member });
    else
      this.#parts.onEvent({
        kind: before.state === 'alive' && member.state === 'alive' ? 'record' : member.state,
        member,
      });
  }

  #tell(member: Member, claim: Claim, hearsay?: Hearsay): void {
    if (hearsay === 'never' && this.#parts.zones === undefined) return;
    const message = this.#parts.wire.encode(claim);
    const sends = hearsay === undefined ? 0 : Math.max(0, this.sendLimit - hearsaySends[hearsay]);
    if (hearsay !== 'never') this.queue.add(member.uuid, message, sends);
    this.#parts.onTold?.(member, message);
  }

  /** It went to a zone that is not seen from here. Others are still told; an older record does not bring it back. */
  #drop(member: Member): void {
    if (this.#isForeign(member)) this.#foreign -= 1;
    this.#members.delete(member.uuid);
    this.#tombstones.add(member, this.#now());
    this.#parts.onEvent({ kind: 'deleted', member });
  }

  #isForeign(member: Member | undefined): boolean {
    return member !== undefined && isLive(member) && !this.isPeer(member);
  }

  #store(member: Member): void {
    if (this.#parts.zones !== undefined) {
      this.#foreign += Number(this.#isForeign(member));
      this.#foreign -= Number(this.#isForeign(this.#members.get(member.uuid)));
    }
    this.#members.set(member);
    this.#tombstones.delete(member.uuid);
  }

  /** A member that is gone already when we first hear of it. It is told to nobody: who told us tells the others. */
  #adopt(row: StateRow): void {
    const { alive, state, incarnation, ageMs, by, evidence, signature } = row;
    const { uuid } = alive.record;
    const { forgetLeftMs, forgetDeadMs } = this.#parts.settings;
    if (this.#members.size >= memberLimit || this.#known(uuid) !== undefined) return;
    if (ageMs >= (state === 'leave' ? forgetLeftMs : forgetDeadMs)) return;
    const now = this.#now();
    const leave: LeaveClaim = { kind: 'leave', uuid, incarnation, by, signature };
    if (state === 'leave' && by === uuid && !this.#signatures.isOwnLeave(alive.record.key, leave)) return;
    const accusers = state === 'dead' ? [{ by, evidence, atMs: now - ageMs }] : [];
    const gone = { uuid, alive, incarnation, state, sinceMs: now - ageMs, accusers };
    const member: Member = state === 'leave' ? { ...gone, leave: { by, signature } } : gone;
    this.#store(member);
    this.#parts.onEvent({ kind: 'new', member });
  }

  /** Whether a claim could change anything: only then is its signature worth checking. */
  #isNews(claim: AliveClaim | LeaveClaim): boolean {
    if (claim.kind === 'leave') {
      const known = this.#known(claim.uuid);
      if (known === undefined || claim.incarnation < known.incarnation) return false;
      return known.state !== 'leave' || claim.incarnation > known.incarnation;
    }
    const known = this.#known(claim.record.uuid);
    if (known === undefined) return this.#members.size < memberLimit;
    return applyAlive(known, claim, 0).result !== 'ignored';
  }

  #isSigned(claim: AliveClaim | LeaveClaim): boolean {
    if (claim.kind === 'alive') return this.#signatures.isOwnWord(claim);
    if (claim.by !== claim.uuid) return true;
    const key = this.#known(claim.uuid)?.alive.record.key;
    return key !== undefined && this.#signatures.isOwnLeave(key, claim);
  }

  /** Somebody still believes in one that left and that we have forgotten: the leave is told once more. */
  #answerStale(claim: AliveClaim): void {
    const known = this.#tombstones.get(claim.record.uuid);
    if (known?.leave === undefined) return;
    const { uuid, incarnation, leave } = known;
    this.#tell(known, { kind: 'leave', uuid, incarnation, ...leave });
  }
}
