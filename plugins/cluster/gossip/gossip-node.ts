import type { NodeCheck } from 'opsbro/sdk';
import type { Allowance } from './boots/allowance.ts';
import { ClaimIntake } from './claim-intake.ts';
import { exchangeBytes } from './codec.ts';
import { Courier } from './courier.ts';
import { Documents } from './documents/documents.ts';
import { Tables } from './exchange/tables.ts';
import type { GossipFigures, GossipNodeParts } from './gossip-parts.ts';
import { isLive, type Member } from './members.ts';
import { endpointOf, type Message, type NodeRecord, type OwnRecord, type StateRow } from './messages.ts';
import { answerToCharge, wantsLength } from './outdated-charge.ts';
import { Pool, type PoolEvent } from './pool.ts';
import { isProbe, Prober } from './prober.ts';
import { Teller } from './teller.ts';
import { pushPullMs } from './time.ts';
import type { Receiver, Sized } from './transport.ts';
import { bytesWire, type Wire } from './wire.ts';
import { ZoneDesk } from './zones/zone-desk.ts';
import { ZoneLinks } from './zones/zone-links.ts';
import { unreachedField, type ZoneView } from './zones/zone-reach.ts';

export type { GossipFigures, GossipNodeParts } from './gossip-parts.ts';

/** How often it is looked for members to forget. */
const forgetIntervalMs = 10_000;
/** A leave that others do not take from us within this time is given up: they will see us dead. */
const leaveDeadlineMs = 5000;

/**
 * One member of a SWIM pool with Lifeguard: probes, tells what it learns on top of every packet, and now and then exchanges
 * its whole table with another. `start` begins, `stop` ends without a word; others then see it dead.
 */
export class GossipNode<Packet extends Sized = Uint8Array> implements Receiver<Packet> {
  readonly #parts: GossipNodeParts<Packet>;
  readonly #wire: Wire<Packet>;
  readonly #pool: Pool<Packet>;
  readonly #prober: Prober;
  readonly #teller: Teller<Packet>;
  readonly #courier: Courier<Packet>;
  readonly #tables: Tables<Packet>;
  readonly #documents: Documents;
  /** Of a proxy among zones. */
  readonly #links: ZoneLinks<Packet> | undefined;
  readonly #desk: ZoneDesk;
  readonly #intake: ClaimIntake;
  readonly #cancels = new Map<string, () => void>();
  #refused = 0;
  /** Live members when the pool was last held for young. */
  #youngLive = 0;
  /** When somebody new was heard of last. */
  #newMs = 0;

  /** Who sends anything but bytes gives its `wire`. */
  constructor(
    parts: GossipNodeParts<Packet> &
      (Uint8Array extends Packet ? { wire?: Wire<Packet> } : { wire: Wire<Packet> }),
  ) {
    this.#parts = parts;
    this.#wire = parts.wire ?? (bytesWire as Wire<Sized> as Wire<Packet>);
    this.#desk = new ZoneDesk(parts.zones, parts.self.uuid, parts.self.proxy === true);
    this.#documents = new Documents({
      ...{ uuid: parts.self.uuid, epoch: String(parts.incarnation), timers: parts.timers },
      ask: (endpoint, questions, done) => this.#ask(endpoint, questions, done),
      source: (uuid, fromOwner) => this.#source(uuid, fromOwner),
      tellsUs: ({ alive }) => !this.#desk.isAbove(alive.record.zone),
      onBody: (uuid) => {
        const member = this.#pool.get(uuid);
        if (member !== undefined) parts.onEvent({ kind: 'record', member });
      },
      onDetails: (details) => parts.onDetails?.(details),
    });
    this.#pool = new Pool<Packet>({
      ...parts,
      onTold: (member, message) => {
        this.#links?.tell(member, message);
        this.#teller?.stir();
      },
      onOwnBody: (body) => this.#documents.announce(body),
      wire: this.#wire,
      onEvent: (event) => this.#hearEvent(event),
      onRefute: () => this.#prober.changeHealth(1),
      ask: (suspect, done) => this.#prober.ask(suspect, done),
    });
    this.#prober = new Prober({
      ...parts,
      pool: this.#pool,
      send: (endpoint, messages, allowance) => this.#courier.send(endpoint, messages, allowance),
      knock: (endpoint, timeoutMs, done) => {
        if (parts.transport.knock === undefined) done('silent');
        else parts.transport.knock(endpoint, timeoutMs, done);
      },
    });
    const shared = { ...parts, pool: this.#pool, wire: this.#wire, desk: this.#desk };
    this.#intake = new ClaimIntake(shared);
    this.#teller = new Teller<Packet>(shared);
    this.#courier = new Courier<Packet>({ ...shared, waiting: (bytes) => this.#teller.waiting(bytes) });
    this.#tables = new Tables<Packet>({
      ...{ ...shared, rows: () => this.#pool.rows(), isAlone: () => this.#pool.live <= 1 },
      take: (message, speaker, hearsay) => this.#intake.take(message, speaker, hearsay),
      refuse: (count) => {
        this.#refused += count;
      },
    });
    if (parts.zones === undefined || parts.self.proxy !== true) return;
    this.#links = new ZoneLinks<Packet>({
      ...parts,
      zones: parts.zones,
      members: () => this.#pool.list(),
      sendLimit: () => this.#pool.sendLimit,
      check: (target, done) => this.#prober.check(target, done),
      send: (endpoint, messages) => this.#courier.sendAcross(endpoint, messages),
      exchange: (endpoint) => this.#tables.swap(endpoint),
      onReach: (unreached) => this.update({ [unreachedField]: unreached }),
    });
  }

  /** Begins to probe and to tell. Call once. */
  start(): void {
    const { settings } = this.#parts;
    this.#prober.start();
    this.#links?.start();
    this.#teller.start();
    this.#repeat(
      'forget',
      () => forgetIntervalMs,
      () => this.#pool.forget(),
    );
    this.#repeat(
      'reconnect',
      () => settings.reconnectIntervalMs,
      () => this.#reconnect(),
    );
    this.#beYoung();
  }

  /** Ends every timer. */
  stop(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    this.#prober.stop();
    this.#teller.stop();
    this.#pool.stop();
    this.#documents.stop();
    this.#links?.stop();
    this.#tables.stop();
  }

  /** Exchanges tables with each endpoint; `done` hears how many answered. */
  join(endpoints: readonly string[], done: (answered: number) => void = () => {}): void {
    let open = endpoints.length;
    let answered = 0;
    const isAlone = this.#pool.live <= 1;
    if (open === 0) done(0);
    for (const endpoint of endpoints)
      this.#tables.swap(endpoint, (isAnswer) => {
        if (isAnswer) {
          answered += 1;
          // Now there is somebody to be told of us.
          if (isAlone) this.#pool.joined();
          this.#teller.stir();
          this.#askAgain(endpoint);
        }
        open -= 1;
        if (open === 0) done(answered);
      });
  }

  /** Says goodbye, and calls `done` once it was told often enough or the time for it is over. Then call `stop`. */
  leave(done: () => void): void {
    const { timers } = this.#parts;
    const deadline = timers.now() + leaveDeadlineMs;
    this.#pool.leave();
    this.#prober.stop();
    const isAlone = (): boolean => !this.#pool.list().some(isLive);
    const look = (): void => {
      if (this.#pool.queue.size === 0 || isAlone() || timers.now() >= deadline) {
        this.#cancels.delete('leave');
        done();
      } else this.#cancels.set('leave', timers.after(this.#parts.settings.gossipIntervalMs, look));
    };
    look();
  }

  /** Clears away a suspect or dead member everywhere. False where it is neither. */
  clearAway(uuid: string): boolean {
    return this.#pool.clearAway(uuid);
  }

  /** Replaces what this node tells about itself. */
  update(changes: Partial<OwnRecord>): void {
    this.#pool.update(changes);
  }

  /** Replaces what this node tells of its checks. Then tell the version in the record: `update({ checks_version: version })`. */
  setDetails(version: number, checks: readonly NodeCheck[]): void {
    this.#documents.setDetails(version, checks);
  }

  /** Whether anybody here wants the details of other nodes: only then they are pulled, whenever a `checks_version` moves. */
  wantDetails(isOn: boolean): void {
    this.#documents.wantDetails(isOn, isOn ? this.members() : []);
  }

  /** What a member tells of itself. Read records by this: groups of a large one come behind its claim, and are those before until then. */
  recordOf(member: Member): NodeRecord {
    return this.#documents.recordOf(member);
  }

  member(uuid: string): Member | undefined {
    return this.#pool.get(uuid);
  }

  members(): Member[] {
    return this.#pool.list();
  }

  /** Probes a member at once. `done` hears how long its answer took, or undefined; not after `stop`. */
  ping(uuid: string, done: (found: { ms: number; path: 'direct' | 'indirect' } | undefined) => void): void {
    const { timers } = this.#parts;
    const target = this.#pool.get(uuid);
    const startMs = timers.now();
    if (target === undefined) done(undefined);
    else
      this.#prober.measure(target, (path) =>
        done(path === undefined ? undefined : { ms: timers.now() - startMs, path }),
      );
  }

  /** The table as it would be told in a full exchange, to be kept over a restart. */
  rows(): StateRow[] {
    return this.#pool.rows();
  }

  /** Takes rows that an earlier life kept. */
  restore(rows: readonly StateRow[]): void {
    for (const row of rows) if (row.alive.record.uuid !== this.#parts.self.uuid) this.#pool.takeRow(row);
  }

  /** The zones that are seen from here, sorted; none where zones were not given. */
  zones(): ZoneView[] {
    return this.#desk.views(this.#pool.list());
  }

  /** Of which zone the member at this endpoint is, as far as it is known: a carrier picks its key by it. */
  zoneAt(endpoint: string): string | undefined {
    return this.#desk.zoneAt(endpoint);
  }

  figures(): GossipFigures {
    return {
      health: this.#prober.health,
      degraded: this.#pool.degraded,
      queued: this.#pool.queue.size,
      refusedMessages: this.#refused,
      forgedClaims: this.#pool.forged,
      droppedBroadcasts: this.#pool.queue.dropped,
    };
  }

  receive(
    from: string,
    packet: Packet,
    part?: 'probes' | 'claims',
    keyZone?: string,
    allowance?: Allowance,
  ): boolean {
    const { messages, refused } = this.#wire.decode(packet);
    if (allowance === undefined) this.#answerAtLength(from, messages);
    // Probes first: a claim may take long to judge, and the prober waits.
    if (part !== 'claims') {
      this.#refused += refused;
      this.#hearProbes(from, messages, allowance);
    }
    if (part === 'probes' && wantsLength(messages, this.#pool.self)) return true;
    const speaker = this.#desk.speaker(messages, keyZone);
    if (!this.#desk.hears(speaker)) return false;
    if (part === 'probes') return messages.some((message) => this.#intake.isNews(message));
    for (const message of messages) this.#intake.take(message, speaker);
    return false;
  }

  answer(packet: Packet, reply: (answer: Packet | undefined) => void, keyZone?: string): void {
    const { messages, refused } = this.#wire.decode(packet, exchangeBytes);
    this.#refused += refused;
    const speaker = this.#desk.speaker(messages, keyZone);
    const answers = this.#documents.answer(messages, !this.#desk.isBelow(speaker));
    if (answers !== undefined) reply(this.#wire.join(answers.map((one) => this.#wire.encode(one))));
    else if (messages.length === 0 || !this.#desk.hears(speaker)) reply(undefined);
    else this.#tables.answer(messages, speaker, reply);
  }

  #hearProbes(from: string, messages: readonly Message[], allowance: Allowance | undefined): void {
    for (const message of messages)
      if (isProbe(message)) this.#prober.hear(from, message, allowance);
      else if (message.kind === 'detected') this.#parts.onDetection?.(from, message);
  }

  /** Answers what takes more bytes than were asked with: to who has shown that it is there. */
  #answerAtLength(from: string, messages: readonly Message[]): void {
    const word = answerToCharge(messages, this.#pool.self);
    if (word !== undefined) this.#courier.send(from, [word]);
    for (const message of messages) if (message.kind === 'detect') this.#parts.onDetection?.(from, message);
  }

  #hearEvent(event: PoolEvent): void {
    // The pool announces its own node while it is made.
    if (event.kind === 'new' && event.member.uuid === this.#parts.self.uuid) return;
    if (event.kind === 'new') {
      this.#newMs = this.#parts.timers.now();
      this.#prober.add(event.member.uuid);
      if (this.#youngLive > 0 && this.#pool.live >= 2 * this.#youngLive) this.#beYoung();
    }
    if ('member' in event) this.#desk.place(event.member, () => this.#pool.list());
    if (event.kind === 'new' || event.kind === 'record' || event.kind === 'alive')
      this.#documents.follow(event.member);
    else if (event.kind === 'deleted') this.#documents.forget(event.member.uuid);
    this.#parts.onEvent(event);
  }

  #ask(endpoint: string, questions: Message[], done: (answers: readonly Message[]) => void): void {
    const packet = this.#wire.join([...this.#desk.hello, ...questions].map((one) => this.#wire.encode(one)));
    this.#parts.transport.exchange(endpoint, packet, (answer) => {
      done(answer === undefined ? [] : this.#wire.decode(answer, exchangeBytes).messages);
    });
  }

  /** Where something about a member is asked. */
  #source(uuid: string, fromOwner: boolean): string | undefined {
    const owner = this.#pool.get(uuid);
    if (owner === undefined) return undefined;
    const [other] = fromOwner ? [] : this.#pool.sample(1, isLive, this.#parts.random);
    return endpointOf((other ?? owner).alive.record);
  }

  /** Young pools exchange often: what was told while members knew few others did not reach them. A pool that has doubled is young again. */
  #beYoung(): void {
    const { settings, random } = this.#parts;
    this.#youngLive = this.#pool.live;
    let youngMs = settings.youngExchangeMs;
    const nextMs = (): number => Math.min(youngMs, pushPullMs(settings.pushPullIntervalMs, this.#pool.live));
    const arm = (delayMs: number): void =>
      this.#after('exchange', delayMs, () => {
        arm(nextMs());
        youngMs *= 2;
        this.#exchangeWithAny();
      });
    // Not at once: most of those who come have exchanged with somebody a moment ago.
    arm(nextMs() * (1 + random()));
  }

  /** Many join by one seed at a time: a little later it knows those who came behind us too. Where nobody was heard of since, nobody did. */
  #askAgain(endpoint: string): void {
    const { settings, random, timers } = this.#parts;
    if (!this.#desk.isOurs(endpoint) || settings.youngExchangeMs === Number.POSITIVE_INFINITY) return;
    let joinedMs = Number.POSITIVE_INFINITY;
    this.#pool.settled(() => {
      joinedMs = timers.now();
    });
    this.#after(`again ${endpoint}`, (settings.youngExchangeMs * (1 + random())) / 2, () => {
      if (this.#newMs > joinedMs) this.#tables.compare(endpoint);
    });
  }

  #exchangeWithAny(): void {
    const [partner] = this.#pool.sample(1, isLive, this.#parts.random);
    if (partner !== undefined) this.#tables.compare(endpointOf(partner.alive.record));
  }

  /** Tries the dead again, in the whole pool about one try a dead member and interval: so a split heals by itself. */
  #reconnect(): void {
    const { random } = this.#parts;
    const dead = this.#pool.gone().filter((one) => one.state === 'dead' && this.#pool.isPeer(one));
    if (random() * this.#pool.live >= dead.length) return;
    const lost = dead[Math.floor(random() * dead.length)];
    if (lost !== undefined) this.#tables.swap(endpointOf(lost.alive.record));
  }

  #repeat(name: string, intervalMs: () => number, run: () => void): void {
    const next = (delayMs: number): void =>
      this.#after(name, delayMs, () => {
        next(intervalMs());
        run();
      });
    next(intervalMs() * this.#parts.random());
  }

  /** In place of what waits under the same name. */
  #after(name: string, delayMs: number, run: () => void): void {
    this.#cancels.get(name)?.();
    const cancel = this.#parts.timers.after(delayMs, () => {
      this.#cancels.delete(name);
      run();
    });
    this.#cancels.set(name, cancel);
  }
}
