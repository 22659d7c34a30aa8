import type { EventType, HandlerEvent, Json } from 'opsbro/sdk';
import type { ExplainRecord, SeenValue } from '../../alerting/explain/model.ts';
import { decisionRecords, deliveryRecord, stepRecord } from '../../alerting/explain/records.ts';
import type { CheckStatus, StateChange } from '../../alerting/model.ts';
import type { Delivery } from '../../alerting/outbox/delivery.ts';
import { Outbox } from '../../alerting/outbox/outbox.ts';
import {
  chosenHandlers,
  handlerPolicies,
  newsOf,
  outputOf,
  removedAlert,
  standingOf,
} from '../../alerting/routing/alerts.ts';
import { Dispatcher } from '../../alerting/routing/dispatcher.ts';
import { eventOf } from '../../alerting/routing/event.ts';
import type { Alert, HandlerPolicy, Notification } from '../../alerting/routing/model.ts';
import { joined, type Plan } from '../../alerting/routing/plan.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { Bus } from '../board/bus.ts';
import type { HostDeps } from '../host/deps.ts';
import { deliver } from './delivery.ts';
import type { AgentHolds } from './holds.ts';

/** When very many are looked at, the loop turns after so long. */
const turnMs = 5;

/** Something that happened, to be told once to each handler that is on. */
export interface Occurrence {
  type: Exclude<EventType, 'problem' | 'recovery'>;
  /** Unique for what happened, without the node. */
  key: string;
  at: number;
  summary: string;
  data: { [key: string]: Json };
}

/** Who is told of an occurrence, and what is stored with it. */
export interface Audience {
  /** Those meant of the handlers that are on; all by default. `told` says whether this one knows of a check's problem. */
  to?(handler: HandlerPolicy, told: (check: string) => boolean): boolean;
  /** Instead of the handlers that were looked at last: at a start something may end before the first look. */
  among?: readonly HandlerPolicy[];
  /** What it is told in order with; by default other events of its type. */
  order?: string;
  put?: [key: string, value: Json][];
}

/** What a run made of a check. */
export interface CheckChange {
  check: CheckObject;
  status: CheckStatus;
  changes: StateChange[];
  /** What its expressions read. */
  seen: SeenValue[];
}

/** Tells people: joins what decides (`alerting/routing`), what keeps (`alerting/outbox`) and what delivers (job threads). */
export class Notifications {
  readonly dispatcher: Dispatcher;
  readonly outbox: Outbox;
  /** What holds an alert back. */
  readonly holds: AgentHolds;
  readonly #deps: HostDeps;
  readonly #node: string;
  readonly #record: (record: ExplainRecord) => void;
  #handlers: HandlerPolicy[] = [];
  #isComplete = true;
  #isSettled = false;
  #ticking: Promise<void> | undefined;
  /** The look at everything that is under way, and the one that is to follow it. */
  #looking: Promise<void> | undefined;
  #followed: Promise<void> | undefined;

  constructor(deps: HostDeps, node: string, holds: AgentHolds, record: (record: ExplainRecord) => void) {
    const { clock, store } = deps;
    const startedAt = clock.now() - clock.monotonic();
    this.#deps = deps;
    this.#node = node;
    this.holds = holds;
    this.#record = record;
    this.outbox = new Outbox({
      clock,
      random: Math.random,
      store,
      deliver: (handler, event) => this.#deliver(handler, event),
      report: (level, message, fields) => {
        const plugin = deps.table.handler(String(fields.object))?.plugin;
        deps.log[level](message, plugin === undefined ? fields : { plugin, ...fields });
      },
    });
    this.dispatcher = new Dispatcher({
      node,
      now: () => startedAt + clock.monotonic(),
      aheadMs: () => Math.round(clock.now() - clock.monotonic() - startedAt),
      handlers: () => this.#handlers,
      holds: (alert) => holds.find(alert),
      record: (decision) => decisionRecords(decision).forEach(record),
      enqueue: (notification) => this.#enqueue(notification),
    });
  }

  /** The handlers, as routing sees them now. */
  get handlers(): readonly HandlerPolicy[] {
    return this.#handlers;
  }

  /** Puts back what an earlier agent kept, before any check runs. */
  async restore(store: { entries(prefix: string): Promise<[string, Json][]> }): Promise<void> {
    for (const prefix of ['told/', 'group/']) this.dispatcher.restore(await store.entries(prefix));
    for (const prefix of ['outbox/', 'dead/']) this.outbox.restore(await store.entries(prefix));
  }

  /** Begins to deliver, once the configuration is loaded. */
  async start(bus: Bus): Promise<void> {
    bus.subscribe('groups', ({ added, removed, at }) => {
      void this.reconsider();
      if (!this.#isSettled) return;
      for (const group of added) void this.announce(groupChange(group, 'add', at));
      for (const group of removed) void this.announce(groupChange(group, 'remove', at));
    });
    await this.reconsider();
    this.outbox.start();
  }

  /** The first round is over: what this host is, is known, and a change of it is news. */
  settled(): void {
    this.#isSettled = true;
  }

  stop(): void {
    this.outbox.stop();
  }

  /** What changes of checks make of notifications: store the plan with them in one batch, then release it. */
  plan(changed: CheckChange[]): Plan {
    for (const { check, changes, seen } of changed)
      for (const change of changes) this.#record(stepRecord(check.id, change, seen));
    const isKnown = (check: string): boolean => this.dispatcher.knows(check);
    const alerts = changed.flatMap(
      ({ check, status }) => newsOf(check, status, this.#handlers, isKnown) ?? [],
    );
    const plan = this.dispatcher.changed(alerts);
    const told = changed.flatMap((change) => this.#flapping(change));
    return joined([plan, ...told]);
  }

  /** Does what time has brought; call it once a second. One that has not ended is not overtaken. */
  tick(): Promise<void> {
    this.#ticking ??= this.#applyAll(this.dispatcher.tick()).finally(() => {
      this.#ticking = undefined;
    });
    return this.#ticking;
  }

  /**
   * Looks at everything again: after a reload, a change of groups or of what holds alerts back. `isComplete`, until told otherwise: no file
   * that cannot be read hides handlers. A look that is under way began with what was before: one more follows, for all who ask meanwhile.
   */
  reconsider(isComplete = this.#isComplete): Promise<void> {
    this.#isComplete = isComplete;
    const { board, clock, table } = this.#deps;
    this.#handlers = handlerPolicies(table.handlers(), board.groups, clock);
    this.holds.reset();
    if (this.#looking === undefined) return this.#look();
    this.#followed ??= this.#looking.then(() => {
      this.#followed = undefined;
      return this.#look();
    });
    return this.#followed;
  }

  #look(): Promise<void> {
    const plans = this.dispatcher.reconsider(this.#isComplete, this.#alerts());
    this.#looking = this.#applyAll(plans).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Whatever handlers may have to hear of, each as it is when it is asked for. */
  *#alerts(): Generator<Alert> {
    const { board, clock, table } = this.#deps;
    const known = this.dispatcher.checks();
    for (const { object, active } of table.of('check')) {
      const status = board.decided(object.id);
      // One without a verdict does not apply here, or its first is on its way.
      if (status === undefined && active) known.delete(object.id);
      if (object.kind !== 'check' || status === undefined) continue;
      const alert = newsOf(object, status, this.#handlers, (id) => known.has(id));
      if (alert === null) continue;
      known.delete(object.id);
      yield alert;
    }
    // What a file that cannot be read now had is still on the board.
    for (const id of known)
      if (board.decided(id) === undefined) yield removedAlert(id, this.dispatcher.alert(id), clock.now());
  }

  /** Tells every handler that is on, and fits, of something that happened. */
  async announce(occurrence: Occurrence, audience: Audience = {}): Promise<void> {
    await this.#apply(this.planOf(occurrence, audience));
  }

  /** The same as a plan: store it with what happened in one batch, then release it. */
  planOf(occurrence: Occurrence, { to = () => true, order, put = [], among }: Audience = {}): Plan {
    const handlers = (among ?? this.#handlers).filter(
      (handler) =>
        handler.enabled &&
        handler.inGroup &&
        to(handler, (check) => this.dispatcher.toldOf(handler.id, check) !== undefined),
    );
    return joined([this.#sent(handlers, occurrence, order), { put, del: [], release: () => {} }]);
  }

  async #deliver(handler: string, event: HandlerEvent): Promise<Delivery> {
    const delivery = await deliver(this.#deps, handler, event);
    const name = this.#deps.table.handler(handler)?.name ?? handler;
    this.#record(deliveryRecord(name, event.key, delivery, this.#deps.clock.now()));
    return delivery;
  }

  #enqueue(notification: Notification): Plan {
    const { board, clock, table } = this.#deps;
    const members = notification.members.map((member) => {
      const status = board.decided(member.alert.check);
      if (status?.hardState !== member.alert.state || status.episode !== member.alert.episode) return member;
      return { ...member, alert: { ...member.alert, ...outputOf(status) } };
    });
    const name = table.handler(notification.handler)?.name ?? notification.handler;
    const event = eventOf({ ...notification, members }, this.#node, clock.now(), name);
    return this.outbox.add(notification.handler, notification.order, event);
  }

  #flapping({ check, status, changes }: CheckChange): Plan[] {
    const change = changes.find(({ cause }) => cause === 'flapping' || cause === 'steady');
    if (change === undefined || check.shadow) return [];
    const chosen = chosenHandlers(check, this.#handlers);
    const handlers = this.#handlers.filter(
      ({ enabled, inGroup, name }) => enabled && inGroup && (chosen?.includes(name) ?? true),
    );
    const begins = change.cause === 'flapping';
    const { percent } = status.flapping;
    const what = begins ? `began flapping (${Math.round(percent)} % changes)` : 'is steady again';
    return [
      this.#sent(
        handlers,
        {
          type: 'flapping',
          key: `${check.id}/${status.episode}/${change.cause}/${change.at}`,
          at: change.at,
          summary: `check ${check.name} ${what}: ${status.output}`,
          data: { check: check.id, name: check.name, flapping: begins, percent, ...standingOf(status) },
        },
        check.id,
      ),
    ];
  }

  #sent(
    handlers: readonly HandlerPolicy[],
    { key, ...what }: Occurrence,
    order = `event ${what.type}`,
  ): Plan {
    const event: HandlerEvent = { key: `${this.#node}/${key}`, node: this.#node, ...what };
    // A canary proves that problems arrive.
    const heard = handlers.filter(
      ({ events }) => what.type === 'canary' || (events?.includes(what.type) ?? true),
    );
    return joined(heard.map(({ id }) => this.outbox.add(id, order, event)));
  }

  async #applyAll(plans: Iterable<Plan>): Promise<void> {
    let turnedAt = performance.now();
    for (const plan of plans) {
      await this.#apply(plan);
      if (performance.now() - turnedAt < turnMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      turnedAt = performance.now();
    }
  }

  async #apply(plan: Plan): Promise<void> {
    const { put, del } = plan;
    if (put.length + del.length > 0) await this.#deps.store.put({ put, del });
    plan.release();
  }
}

function groupChange(group: string, modification: 'add' | 'remove', at: number): Occurrence {
  return {
    type: 'group',
    key: `group/${group}/${modification}@${at}`,
    at,
    summary: `group ${group} was ${modification === 'add' ? 'added' : 'removed'}`,
    data: { group, modification },
  };
}
