import type { JsonObject } from 'opsbro/sdk';
import type { Gap } from '../alerting/history/presence.ts';
import type { CheckStatus, StateChange } from '../alerting/model.ts';
import { alertOf, chosenHandlers, handlerPolicies } from '../alerting/routing/alerts.ts';
import { Dispatcher } from '../alerting/routing/dispatcher.ts';
import { HoldFinder } from '../alerting/routing/hold-finder.ts';
import type { Alert, DecisionRecord, HandlerPolicy } from '../alerting/routing/model.ts';
import { noPlan, type Plan } from '../alerting/routing/plan.ts';
import { AlertBook } from '../alerting/suppression/book.ts';
import type { CheckObject } from '../configuration/model.ts';
import { type Machine, recordedStatus } from './machine.ts';
import type { ReplayRequest } from './model.ts';

/** Notifications go by looks of an agent, one each second. */
const lookMs = 1000;
/** The loop turns after so many moments, so that progress is seen and a signal heard. */
const momentsPerTurn = 2000;

/** What became of telling somebody; `isFlapping`: not of a problem, but of flapping. */
export type ReplayedDecision = DecisionRecord & { isFlapping?: true };

/** What a simulation is made of. */
export interface SimulationParts {
  request: ReplayRequest;
  /** Checks that run again, those they depend on first. */
  machines: readonly Machine[];
  /** Ids of those that somebody is told of. */
  told: ReadonlySet<string>;
  /** Nobody looked. */
  gaps: readonly Gap[];
  /** Called now and then with the moment it has come to, epoch ms. */
  progress(at: number): void;
}

/**
 * An agent's alerting on a clock of its own: the real states, routing, downtimes and dependencies, with checks that find what was stored and
 * handlers that are never called. Goes from moment to moment, so a week takes no longer than its runs.
 */
export class Simulation {
  /** Whatever was decided about telling somebody, oldest first. */
  readonly decisions: ReplayedDecision[] = [];
  readonly #parts: SimulationParts;
  readonly #machines: ReadonlyMap<string, Machine>;
  readonly #checks: ReadonlyMap<string, CheckObject>;
  readonly #book: AlertBook;
  readonly #dispatcher: Dispatcher;
  readonly #handlers: HandlerPolicy[];
  /** Those that lie ahead, in their order. */
  readonly #gaps: Gap[];
  #now: number;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: SimulationParts) {
    const { request, machines } = parts;
    const { checks, handlers } = request.configuration;
    this.#parts = parts;
    this.#now = request.since;
    this.#gaps = [...parts.gaps];
    this.#machines = new Map(machines.map((machine) => [machine.check.id, machine]));
    this.#checks = new Map(checks.map((check) => [check.id, check]));
    this.#handlers = handlerPolicies(handlers, request.groups, { now: () => this.#now });
    this.#book = new AlertBook({
      now: () => this.#now,
      checks: () => checks.map((check) => this.#factsOf(check)),
      save: async () => {},
      tell: () => {},
    });
    const holds = new HoldFinder({
      now: () => this.#now,
      tables: () => this.#book.tables,
      checks: () => [...checks],
      check: (id) => this.#checks.get(id),
      status: (id) => this.#statusOf(id),
      inGroup: (name) => request.groups.includes(name),
      asOf: (id) => this.#statusOf(id)?.lastRun ?? null,
      runsFor: (id) => [id],
      runNow: (id) => this.#machines.get(id)?.runBy(this.#now + lookMs),
    });
    this.#dispatcher = new Dispatcher({
      node: request.node.name,
      now: () => this.#now,
      aheadMs: () => 0,
      handlers: () => this.#handlers,
      holds: (alert) => holds.find(alert),
      record: (decision) => this.decisions.push(decision),
      enqueue: () => noPlan(),
    });
  }

  /** Lives through all of the time. */
  async run(): Promise<void> {
    const { request, progress } = this.#parts;
    this.#book.restore(request.downtimes.map((one) => [`downtime/${one.id}`, one as unknown as JsonObject]));
    await this.#book.configure(request.configuration.entries);
    for (let moments = 1; ; moments += 1) {
      const next = this.#next();
      if (next > request.until) return;
      this.#now = next;
      await this.#moment();
      if (moments % momentsPerTurn !== 0) continue;
      progress(this.#now);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** When something happens next; nothing does in a gap, and all checks run at its end. */
  #next(): number {
    const looks = [this.#dispatcher.nextAt, this.#book.nextChangeAt()].flatMap((at) =>
      at === null ? [] : [Math.max(Math.ceil(at / lookMs) * lookMs, this.#lookedAt + lookMs)],
    );
    let next = Math.min(...looks);
    for (const { nextRun } of this.#machines.values()) if (nextRun < next) next = nextRun;
    next = Math.max(next, this.#now);
    const [gap] = this.#gaps;
    if (gap === undefined || next < gap.from) return next;
    this.#gaps.shift();
    for (const machine of this.#machines.values()) machine.startAt(gap.to);
    return gap.to;
  }

  async #moment(): Promise<void> {
    const alerts: Alert[] = [];
    let isChanged = false;
    for (const machine of this.#machines.values()) {
      if (machine.nextRun > this.#now) continue;
      const changes = machine.run(this.#now);
      if (changes.length === 0) continue;
      isChanged = true;
      if (this.#parts.told.has(machine.check.id)) alerts.push(...this.#alerts(machine, changes));
    }
    if (alerts.length > 0) done(this.#dispatcher.changed(alerts));
    const isDue = (at: number | null): boolean => at !== null && at <= this.#now;
    const isLook = this.#now >= this.#lookedAt + lookMs;
    if (isChanged || (isLook && isDue(this.#book.nextChangeAt()))) await this.#step();
    if (!isLook) return;
    if (isDue(this.#dispatcher.nextAt)) for (const plan of this.#dispatcher.tick()) done(plan);
    this.#lookedAt = this.#now;
  }

  /** What begins or ends may let somebody be told. */
  async #step(): Promise<void> {
    const events = await this.#book.step();
    if (events.length > 0) for (const plan of this.#dispatcher.reconsider(true, this.#known())) done(plan);
  }

  #alerts({ check, status }: Machine, changes: readonly StateChange[]): Alert[] {
    this.#flapping(check, status, changes);
    const alert = alertOf(check, status, this.#handlers);
    return alert === null ? [] : [alert];
  }

  /** Whatever somebody may have to hear of. */
  *#known(): Generator<Alert> {
    for (const id of this.#dispatcher.checks()) {
      const machine = this.#machines.get(id);
      const alert = machine && alertOf(machine.check, machine.status, this.#handlers);
      if (alert) yield alert;
    }
  }

  /** It is told once to each handler that is on, as other events are. */
  #flapping(check: CheckObject, { flapping }: CheckStatus, changes: readonly StateChange[]): void {
    const change = changes.find(({ cause }) => cause === 'flapping' || cause === 'steady');
    if (change === undefined || check.shadow) return;
    const chosen = chosenHandlers(check, this.#handlers);
    const reason =
      change.cause === 'flapping'
        ? `it began flapping (${Math.round(flapping.percent)} % changes)`
        : 'it is steady again';
    for (const { name, enabled, inGroup, events } of this.#handlers)
      if (enabled && inGroup && (chosen?.includes(name) ?? true) && (events?.includes('flapping') ?? true))
        this.decisions.push({
          at: change.at,
          handler: name,
          check: check.id,
          state: change.state === 'pending' ? 'unknown' : change.state,
          outcome: 'told',
          reason,
          until: null,
          key: '',
          isFlapping: true,
        });
  }

  #statusOf(id: string): CheckStatus | undefined {
    const machine = this.#machines.get(id);
    if (machine !== undefined) return machine.status;
    const recorded = this.#parts.request.recorded.get(id);
    return recorded && recordedStatus(recorded, this.#now);
  }

  #factsOf({ id, name, pack, labels }: CheckObject) {
    const { state = 'pending', hard = true } = this.#statusOf(id) ?? {};
    return { id, name, pack, labels, state, hard } as const;
  }
}

/** Nothing is kept of a replay: what a plan would store is in memory already. */
function done(plan: Plan): void {
  plan.release();
}
