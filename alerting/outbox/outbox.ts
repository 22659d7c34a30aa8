import type { EventType, HandlerEvent, Json, JsonObject } from 'opsbro/sdk';
import type { TimerClock } from '../../core/clock.ts';
import { dropByHand, type Reach, retryByHand } from './by-hand.ts';
import { DeadLetters, isKept } from './dead-letters.ts';
import { askedToWait, brokenDelivery, type Delivery, deliveryFields } from './delivery.ts';
import { type Batch, entryKey, entryValue, type OutboxEntry, readEntry } from './entry.ts';
import { Lane, type Waiting } from './lane.ts';
import { isGivenUp, retryLimits, retryPauseMs, stuckLimits } from './retry.ts';
import { counted, type HandlerFigures, type HandlerTally, type LastDelivery, untried } from './tally.ts';
import { Turns } from './turns.ts';

/** Entries that wait for one handler; beyond, reminders and then the oldest are dropped, counted and said. */
const perHandler = 10_000;

const advice = "; see 'opsbro handlers outbox list'";

/** What an outbox works with. */
export interface OutboxParts {
  clock: TimerClock;
  /** 0 to 1. */
  random(): number;
  /** `putOrNothing` rejects, and keeps nothing, where the disk does not have it; `put` never does. */
  store: { [put in 'put' | 'putOrNothing']: (batch: Batch) => Promise<void> };
  /** Hands an event to a handler. Never rejects; ends within the handler's timeout. */
  deliver(handler: string, event: HandlerEvent): Promise<Delivery>;
  /** Says what an operator should know. */
  report(level: 'info' | 'warn' | 'error', message: string, fields: JsonObject): void;
}

/** Hears of each entry that was delivered or given up, once the store knows. */
export type SettledListener = (entry: OutboxEntry, outcome: 'delivered' | 'given-up') => void;

/** An entry as it is shown. */
export interface OutboxView extends OutboxEntry {
  state: 'waiting' | 'delivering' | 'dead';
  /** Its handler is not configured any more. */
  isGone: boolean;
  /** Epoch ms; null unless it waits for a next attempt. */
  nextAt: number | null;
}

/**
 * Delivers events at least once. What is taken in is stored by the caller together with what caused it, and let go afterwards; what was
 * delivered is taken out of the store. One delivery at a time a handler, so a broken one delays nobody else; an event that fails delays
 * only those of its own order, and the handler for a pause that grows.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #dead = new DeadLetters();
  readonly #tallies = new Map<string, HandlerTally>();
  readonly #listeners: SettledListener[] = [];
  readonly #reach: Reach;
  readonly #turns = new Turns();
  /** What people do with entries, one after another. */
  readonly #deeds = new Turns();
  /** The handlers there are; null while a file that cannot be read may hide some. */
  #known: ReadonlySet<string> | null = null;
  #serial = 0;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#reach = {
      ...parts,
      lanes: this.#lanes,
      dead: this.#dead,
      isGone: (entry) => this.#isGone(entry),
      enter: (entry) => this.#lane(entry.handler).add(this.#waiting(entry, true)),
      pump: () => this.#pump(),
    };
  }

  /** Takes over what an earlier agent left: the store's `outbox/` and `dead/` entries. Call it before anything is added. */
  restore(entries: [key: string, value: Json][]): void {
    for (const [key, value] of entries) {
      const entry = readEntry(value);
      if (entry === undefined) continue;
      this.#serial = Math.max(this.#serial, entry.serial);
      if (key.startsWith('dead/')) this.#dead.restore(entry);
      else this.#lane(entry.handler).add(this.#waiting(entry, true));
    }
  }

  /** Begins to deliver. */
  start(): void {
    this.#pump();
  }

  /** Takes an event in. Store `put` and remove `del` in one batch with what caused it, then call `release`; `withdraw` where that failed. */
  add(
    handler: string,
    order: string,
    event: HandlerEvent,
  ): { put: [key: string, value: Json][]; del: string[]; release(): void; withdraw(): void } {
    this.#serial += 1;
    const entry: OutboxEntry = {
      handler,
      serial: this.#serial,
      order,
      event,
      attempts: 0,
      createdAt: this.#parts.clock.now(),
      ageMs: 0,
      lastError: '',
    };
    const waiting = this.#waiting(entry, false);
    const lane = this.#lane(handler);
    lane.add(waiting);
    return {
      put: [[entryKey('outbox', entry), entryValue(entry)]],
      del: this.#makeRoom(handler, lane),
      release: () => {
        waiting.stored = true;
        this.#pump();
      },
      withdraw: () => lane.remove(waiting),
    };
  }

  /** Everything that waits or was given up, oldest first. */
  list(): OutboxView[] {
    const { clock } = this.#parts;
    const offset = clock.now() - clock.monotonic();
    const views = this.#dead
      .all()
      .map((entry): OutboxView => ({ ...entry, state: 'dead', nextAt: null, isGone: this.#isGone(entry) }));
    for (const lane of this.#lanes.values()) {
      for (const { entry, notBeforeMs } of lane.all()) {
        const isOut = lane.delivering === entry.serial;
        const nextMs = Math.max(notBeforeMs, lane.notBeforeMs);
        const nextAt = isOut || nextMs <= clock.monotonic() ? null : Math.round(nextMs + offset);
        const state = isOut ? 'delivering' : 'waiting';
        views.push({ ...entry, state, nextAt, isGone: this.#isGone(entry) });
      }
    }
    return views.sort((left, right) => left.serial - right.serial);
  }

  onSettled(listener: SettledListener): void {
    this.#listeners.push(listener);
  }

  /** Whether something of this type waits for a handler. */
  has(handler: string, type: EventType): boolean {
    return [...(this.#lanes.get(handler)?.all() ?? [])].some(({ entry }) => entry.event.type === type);
  }

  /** How a handler fares. */
  figures(handler: string): HandlerFigures {
    const dead = this.#dead.all().filter((entry) => entry.handler === handler).length;
    const waiting = this.#lanes.get(handler)?.size ?? 0;
    return { ...(this.#tallies.get(handler) ?? untried), waiting, dead };
  }

  /** For how long all tries of a handler for which something waits have failed, and why the last one did; else null. */
  failing(handler: string): { forMs: number; reason: string } | null {
    if ((this.#lanes.get(handler)?.size ?? 0) === 0) return null;
    const { failingSinceMs = null, last = null } = this.#tallies.get(handler) ?? untried;
    if (failingSinceMs === null || last === null) return null;
    return { forMs: this.#parts.clock.monotonic() - failingSinceMs, reason: last.reason };
  }

  /** Everything that is not delivered, whoever it is for; `gone`: those of the dead whose handler is not configured any more. */
  sizes(): { waiting: number; dead: number; gone: number } {
    const waiting = [...this.#lanes.values()].reduce((total, lane) => total + lane.size, 0);
    const gone = this.#dead.all().filter((entry) => this.#isGone(entry)).length;
    return { waiting, dead: this.#dead.size, gone };
  }

  /**
   * Takes over which handlers there are: forgets how those fared that are gone, and gives up what waits for them, since nobody will come for
   * it. `isComplete` false: a file that cannot be read may hide handlers, so none is gone for good.
   */
  async keepHandlers(handlers: ReadonlySet<string>, isComplete: boolean): Promise<void> {
    for (const handler of this.#tallies.keys()) if (!handlers.has(handler)) this.#tallies.delete(handler);
    this.#known = isComplete ? handlers : null;
    if (!isComplete) return;
    await this.#inTurn(async () => {
      const gone = [...this.#lanes].filter(([handler]) => !handlers.has(handler));
      await Promise.all(gone.map(([handler, lane]) => this.#retire(handler, lane)));
    });
  }

  /** See `retryByHand`. */
  retry(serials: readonly number[] | null): Promise<number> {
    return this.#inTurn(() => retryByHand(this.#reach, serials));
  }

  /** See `dropByHand`. */
  drop(serials: readonly number[] | null): Promise<number> {
    return this.#inTurn(() => dropByHand(this.#reach, serials));
  }

  /**
   * Reaches a handler past what waits for it: not beside what is on its way to it, and not while it has asked to be left alone. What it asks for
   * now counts for what waits.
   */
  past<Outcome extends { delivery: Delivery }>(
    handler: string,
    act: () => Promise<Outcome>,
  ): Promise<Outcome | { delivery: Delivery }> {
    return this.#turns.take(handler, async () => {
      const { clock } = this.#parts;
      const leftMs = (this.#lanes.get(handler)?.askedUntilMs ?? 0) - clock.monotonic();
      if (leftMs > 0) return { delivery: askedToWait(leftMs) };
      const outcome = await act();
      const { delivery } = outcome;
      const asked = delivery.status === 'failed' ? delivery.retryAfterMs : null;
      if (asked !== null) this.#lane(handler).asked(clock.monotonic(), asked);
      this.#pump();
      return outcome;
    });
  }

  /** Begins no further delivery; what is under way ends by its own deadline. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #waiting(entry: OutboxEntry, stored: boolean): Waiting {
    const bornMs = this.#parts.clock.monotonic() - entry.ageMs;
    return {
      entry,
      stored,
      isHeld: false,
      notBeforeMs: 0,
      bornMs,
      takenBefore: null,
      failedAlone: 1,
      isAsked: false,
    };
  }

  #isGone({ handler }: OutboxEntry): boolean {
    return this.#known?.has(handler) === false;
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    return this.#deeds.take('', act);
  }

  #lane(handler: string): Lane {
    const lane = this.#lanes.get(handler) ?? new Lane();
    this.#lanes.set(handler, lane);
    return lane;
  }

  #makeRoom(handler: string, lane: Lane): string[] {
    const spare = lane.size > perHandler ? lane.expendable() : undefined;
    if (spare === undefined) return [];
    lane.remove(spare);
    lane.dropped += 1;
    if (lane.dropped === 1)
      this.#parts.report('error', 'a handler lags: what it should be told first is dropped', {
        object: handler,
      });
    return [entryKey('outbox', spare.entry)];
  }

  /** Starts what may go, and wakes again when something else may. */
  #pump(): void {
    if (this.#isStopped) return;
    const now = this.#parts.clock.monotonic();
    let soonest = Number.POSITIVE_INFINITY;
    for (const [handler, lane] of this.#lanes) {
      const waiting = lane.next(now);
      if (waiting !== undefined) void this.#deliver(handler, lane, waiting);
      else if (lane.size === 0 && lane.delivering === null && lane.notBeforeMs <= now)
        this.#lanes.delete(handler);
      // Each release comes here: a handler that pauses is not searched for what may go.
      else
        soonest = Math.min(soonest, lane.notBeforeMs > now ? lane.notBeforeMs : (lane.nextAtMs() ?? soonest));
    }
    this.#cancel();
    if (soonest < Number.POSITIVE_INFINITY)
      this.#cancel = this.#parts.clock.after(Math.max(1, Math.ceil(soonest - now)), () => this.#pump());
  }

  async #deliver(handler: string, lane: Lane, waiting: Waiting): Promise<void> {
    const { entry } = waiting;
    lane.delivering = entry.serial;
    const { deliver } = this.#parts;
    const delivery = await this.#turns.take(handler, () =>
      deliver(handler, entry.event).catch(brokenDelivery),
    );
    if (delivery.status === 'delivered') {
      this.#delivered(handler, lane);
      this.#count(entry, 'delivered');
      // It is listed until then: after a kill it would be told once more.
      await this.#parts.store.put({ del: [entryKey('outbox', entry)] });
      lane.remove(waiting);
      this.#settle(entry, 'delivered');
    } else if (this.#isStopped) return;
    // Cut off by the stop: it counts as never tried.
    else await this.#failed(lane, waiting, delivery);
    lane.delivering = null;
    this.#pump();
  }

  #delivered(handler: string, lane: Lane): void {
    const { failures, dropped } = lane;
    lane.delivered();
    if (failures > 0 || dropped > 0)
      this.#parts.report('info', 'a handler delivers again', { object: handler, failures, dropped });
  }

  async #failed(
    lane: Lane,
    waiting: Waiting,
    delivery: Exclude<Delivery, { status: 'delivered' }>,
  ): Promise<void> {
    const { clock, random } = this.#parts;
    const { entry } = waiting;
    const isTried = delivery.status === 'failed';
    const isPermanent = isTried && delivery.isPermanent;
    const retryAfterMs = isTried ? delivery.retryAfterMs : null;
    entry.attempts += isTried ? 1 : 0;
    entry.lastError = delivery.message.slice(0, 1024);
    const now = clock.monotonic();
    entry.ageMs = now - waiting.bornMs;
    // What the other side refuses for good says nothing about the next event.
    if (!isPermanent) lane.failed(waiting, isTried);
    const limits = lane.isStuck(waiting) ? stuckLimits : retryLimits;
    const isGone = !isTried && this.#isGone(entry);
    if (isPermanent || isGone || isGivenUp(waiting.failedAlone, entry.ageMs, limits)) {
      await this.#giveUp(lane, waiting);
      return;
    }
    if (isTried) this.#count(entry, 'failed');
    // What one notification is asked to wait for may be its own, so the others are tried sooner.
    lane.notBeforeMs = now + retryPauseMs(lane.suspicion, random);
    if (retryAfterMs !== null) lane.asked(now, retryAfterMs);
    waiting.isAsked = retryAfterMs !== null;
    waiting.notBeforeMs = now + retryPauseMs(Math.max(1, entry.attempts), random, retryAfterMs);
    this.#parts.report('warn', 'a notification was not delivered, and is tried again', {
      ...deliveryFields(entry, delivery),
      attempts: entry.attempts,
    });
    await this.#parts.store.put({ put: [[entryKey('outbox', entry), entryValue(entry)]] });
  }

  /** Gives up all that waits for a handler that is gone; what is on its way to it follows when that fails. */
  async #retire(handler: string, lane: Lane): Promise<void> {
    const waiting = [...lane.all()].filter(({ entry }) => lane.delivering !== entry.serial);
    if (waiting.length === 0) return;
    const reason = 'the handler was taken out of the configuration';
    for (const { entry } of waiting)
      entry.lastError = entry.lastError === '' ? reason : `${reason}; before that: ${entry.lastError}`;
    const message = `notifications were given up: ${waiting.length} for a handler that is gone${advice}`;
    this.#parts.report('error', message, { object: handler, reason });
    await this.#bury(lane, waiting);
  }

  async #giveUp(lane: Lane, waiting: Waiting): Promise<void> {
    const { entry } = waiting;
    this.#count(entry, 'given-up');
    const where = isKept(entry) ? advice : '';
    const message = `a notification was given up after ${entry.attempts} attempt${entry.attempts === 1 ? '' : 's'}${where}`;
    this.#parts.report('error', message, {
      object: entry.handler,
      event: entry.event.key,
      reason: entry.lastError,
    });
    await this.#bury(lane, [waiting]);
  }

  /** Moves what is given up to the dead letters, and lets go of the oldest of those. */
  async #bury(lane: Lane, waiting: Waiting[]): Promise<void> {
    const entries = waiting.map(({ entry }) => entry);
    for (const each of waiting) lane.remove(each);
    await this.#parts.store.put(this.#dead.bury(entries));
    for (const entry of entries) this.#settle(entry, 'given-up');
  }

  #settle(...settled: Parameters<SettledListener>): void {
    for (const listener of this.#listeners) listener(...settled);
  }

  #count(entry: OutboxEntry, outcome: LastDelivery['outcome']): void {
    const { clock } = this.#parts;
    const tally = this.#tallies.get(entry.handler) ?? untried;
    this.#tallies.set(entry.handler, counted(tally, entry, outcome, clock.now(), clock.monotonic()));
  }
}
