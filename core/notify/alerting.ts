import { givenUpRecord, stepRecord } from '../../alerting/explain/records.ts';
import { Ring, type RingStore } from '../../alerting/explain/ring.ts';
import { Presence } from '../../alerting/history/presence.ts';
import { handlerPolicies } from '../../alerting/routing/alerts.ts';
import { joined, type Plan } from '../../alerting/routing/plan.ts';
import type { AlertBook } from '../../alerting/suppression/book.ts';
import type { SuppressionEvent } from '../../alerting/suppression/model.ts';
import type { HostDeps } from '../host/deps.ts';
import { PassiveChecks } from '../results/passive.ts';
import { type AgentHealth, AgentTroubles } from './agent-trouble.ts';
import { configuredEntries, makeAlertBook, restoreAlertBook } from './alert-book.ts';
import { Canaries } from './canaries.ts';
import { HandlerDesk } from './handler-desk.ts';
import { AgentHolds } from './holds.ts';
import { Notifications } from './notifications.ts';
import { suppressionNews } from './suppression-news.ts';

/** Everything between a check's state and somebody who reads of it, as one part of the agent's life. */
export class Alerting {
  /** Downtimes, acknowledgements and silences. */
  readonly book: AlertBook;
  readonly holds: AgentHolds;
  readonly notifications: Notifications;
  readonly canaries: Canaries;
  readonly desk: HandlerDesk;
  /** What `explain` tells later. */
  readonly records: Ring;
  /** Checks that services tell of. */
  readonly passive: PassiveChecks;
  /** When no agent looked. */
  readonly presence: Presence;
  #reconsidering: Promise<void> | undefined;
  readonly #deps: HostDeps;
  readonly #troubles: AgentTroubles;

  constructor(deps: HostDeps, node: string, health: () => AgentHealth) {
    this.#deps = deps;
    this.records = new Ring(() => deps.clock.now());
    this.presence = new Presence(() => deps.clock.now());
    this.passive = new PassiveChecks(deps);
    this.book = makeAlertBook(deps, (events) => this.#news(events));
    this.holds = new AgentHolds(deps, () => this.book.tables);
    this.notifications = new Notifications(deps, node, this.holds, (record) => this.records.add(record));
    this.notifications.outbox.onSettled((entry, outcome) => {
      const name = deps.table.handler(entry.handler)?.name ?? entry.handler;
      if (outcome === 'given-up') this.records.add(givenUpRecord(name, entry, deps.clock.now()));
    });
    this.canaries = new Canaries(deps, this.notifications);
    this.desk = new HandlerDesk(deps, this, node);
    this.#troubles = new AgentTroubles(deps, this.notifications, health);
  }

  /** Puts back what an earlier agent kept, before anything runs; nobody waits for what only `explain` reads. */
  async restore(store: RingStore): Promise<void> {
    void this.records.load(store);
    await this.presence.restore(store);
    await this.passive.restore(store);
    await restoreAlertBook(this.book, store, this.#deps);
    await this.notifications.restore(store);
    this.canaries.restore(await store.entries('canary/'));
    this.#troubles.restore(await store.entries('trouble/'));
  }

  /** Takes over what the configuration says now; all of it, unless files that cannot be read hide a part. */
  async configure(isComplete: boolean): Promise<void> {
    if (isComplete) await this.passive.reconcile();
    await this.book.configure(configuredEntries(this.#deps.table), isComplete);
    await this.notifications.reconsider(isComplete);
    const handlers = this.#deps.table.handlers().map(({ id }) => id);
    await this.notifications.outbox.keepHandlers(new Set(handlers), isComplete);
    if (isComplete) await this.canaries.forget();
  }

  /** Begins to tell, once the configuration is loaded. */
  async start(): Promise<void> {
    const { bus } = this.#deps;
    bus.subscribe('suppression', () => void this.#reconsider());
    bus.subscribe('verdict', (change) => {
      void this.book.step();
      if (change.cause === 'removed') this.records.add(stepRecord(change.check, change, []));
    });
    await this.notifications.start(bus);
  }

  /** Does what time has brought; for once a second. */
  async tick(): Promise<void> {
    const next = this.book.nextChangeAt();
    if (next !== null && next <= this.#deps.clock.now() + 1000) await this.book.step();
    void this.records.flush();
    this.presence.look();
    await this.notifications.tick();
    await this.canaries.tick();
    await this.#troubles.tick(this.canaries.troubles());
  }

  stop(): void {
    this.notifications.stop();
    this.presence.stop();
    void this.records.flush();
  }

  #news(events: readonly SuppressionEvent[]): Plan {
    const { board, clock, table } = this.#deps;
    const among = events.length === 0 ? [] : handlerPolicies(table.handlers(), board.groups, clock);
    const news = events.flatMap((event) => suppressionNews(this.#deps, event, among) ?? []);
    const { notifications } = this;
    return joined(
      news.map(({ occurrence, audience }) => notifications.planOf(occurrence, { ...audience, among })),
    );
  }

  /** Very many end at once when what they are of recovers: one look for all events of a turn. */
  #reconsider(): Promise<void> {
    this.#reconsidering ??= Promise.resolve().then(() => {
      this.#reconsidering = undefined;
      return this.notifications.reconsider();
    });
    return this.#reconsidering;
  }
}
