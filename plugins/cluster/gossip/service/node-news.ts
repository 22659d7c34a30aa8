import type { Json, JsonObject, Log } from 'opsbro/sdk';
import type { Member } from '../members.ts';
import { endpointOf, type NodeRecord } from '../messages.ts';
import type { PoolEvent } from '../pool.ts';
import type { Timers } from '../transport.ts';
import type { ZoneView } from '../zones/zone-reach.ts';

/** What tells of a cluster. */
export interface NodeNewsParts {
  log: Log;
  timers: Timers;
  emit(topic: string, data: Json): void;
}

/** One conflict is told once in this time, and so are packets that were refused. */
const repeatMs = 600_000;
const watchMs = 10_000;
const mostConflicts = 256;

/** Says in the log, and by events of the plugin, what happens to members. */
export class NodeNews {
  readonly #parts: NodeNewsParts;
  readonly #self: string;
  readonly #conflicts = new Map<string, number>();
  /** Who was last told, or first known, as dead or left. */
  readonly #away = new Set<string>();
  /** Zones that were reached once, and whether they are. */
  readonly #reached = new Map<string, boolean>();
  #cancel: () => void = () => undefined;
  #refused = 0;
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: NodeNewsParts, self: string) {
    this.#parts = parts;
    this.#self = self;
  }

  hear(event: PoolEvent): void {
    const { log, emit } = this.#parts;
    switch (event.kind) {
      case 'degraded':
        log.warn('too many members seem dead at once: this node doubts itself and announces no deaths');
        return;
      case 'recovered':
        log.info('this node trusts what it sees again');
        return;
      case 'conflict':
        this.#hearConflict(event.member, event.rival);
        return;
    }
    const { member, kind } = event;
    if (member.uuid === this.#self) return;
    const { record } = member.alive;
    this.#log(kind, member);
    emit('node', {
      what: kind,
      uuid: member.uuid,
      name: record.name,
      state: member.state,
      zone: record.zone,
    });
  }

  /** Says when a zone is reached no more, and when it is again. */
  hearZones(zones: readonly ZoneView[]): void {
    const { log, emit } = this.#parts;
    for (const { name, unreachable } of zones) {
      const before = this.#reached.get(name);
      if (before === !unreachable || (before === undefined && unreachable)) continue;
      this.#reached.set(name, !unreachable);
      if (before === undefined) continue;
      if (unreachable) log.warn(`zone ${name} is unreachable: no proxy on the way to it is heard`);
      else log.info(`zone ${name} is reached again`);
      emit('zone', { zone: name, unreachable });
    }
  }

  /** Says now and then that packets are refused, by the counters that `read` gives. */
  watchRefused(read: () => { [reason: string]: number }): void {
    this.stop();
    const { timers, log } = this.#parts;
    this.#cancel = timers.after(watchMs, () => {
      const counts = read();
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      const now = timers.now();
      if (total > this.#refused && now - this.#refusedAtMs >= repeatMs) {
        log.warn('packets are refused: clear, foreign or changed', counts);
        this.#refusedAtMs = now;
      }
      this.#refused = total;
      this.watchRefused(read);
    });
  }

  stop(): void {
    this.#cancel();
  }

  /** A suspicion is told of at the level debug, and so is that it was refuted: only who was away is back. */
  #log(kind: PoolEvent['kind'], member: Member): void {
    const { log } = this.#parts;
    const { uuid, state, alive } = member;
    const who = `${alive.record.name} (${uuid}, ${endpointOf(alive.record)})`;
    const wasAway = this.#away.has(uuid);
    if (kind !== 'deleted' && (state === 'dead' || state === 'leave')) this.#away.add(uuid);
    else if (kind === 'deleted' || state === 'alive') this.#away.delete(uuid);
    if (kind === 'new' && state === 'alive') log.info(`${who} is a member now`);
    else if (kind === 'dead') log.warn(`${who} is dead`, { accusers: accusersOf(member) });
    else if (kind === 'leave') log.info(`${who} has left`);
    else if (kind === 'alive' && wasAway) log.info(`${who} is back`);
    else if (kind === 'alive') log.debug(`${who} is suspect no more`);
    else if (kind === 'suspect') log.debug(`${who} is suspect`, { accusers: accusersOf(member) });
    else if (kind === 'deleted') log.info(`${who} is forgotten`);
  }

  /** Both are named, on either side. */
  #hearConflict({ uuid, alive }: Member, rival: NodeRecord): void {
    const { timers, log, emit } = this.#parts;
    const nodes = [alive.record, rival].map((record) => `${record.name} at ${endpointOf(record)}`);
    const key = `${uuid} ${[...nodes].sort().join(' ')}`;
    const now = timers.now();
    if (now - (this.#conflicts.get(key) ?? Number.NEGATIVE_INFINITY) < repeatMs) return;
    if (this.#conflicts.size >= mostConflicts) this.#conflicts.clear();
    this.#conflicts.set(key, now);
    log.error(`two live nodes have the uuid ${uuid}: ${nodes.join(' and ')}; remove <data>/uuid of one`);
    emit('conflict', { uuid, nodes });
  }
}

function accusersOf({ accusers }: Member): JsonObject[] {
  return accusers.map(({ by, evidence }) => ({ by, evidence }));
}
