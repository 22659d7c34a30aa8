import type { Json } from 'opsbro/sdk';
import { type Candidate, groupOf, lookAgainAt, notificationOf, sendAt } from './group.ts';
import { groupKey, readGroup, readTold, toldEntries, toldKey } from './memory.ts';
import type { Alert, Decision, Explained, GroupRecord, HandlerPolicy, Holds, Told } from './model.ts';
import { findNeed } from './need.ts';
import { movedDecision, movedHolds, movedRecord } from './own-time.ts';
import { type DispatcherParts, noPlan, type Plan, perSlice, slices } from './plan.ts';
import { ToldChecks } from './told-checks.ts';
import { type Unit, Units, unitKey } from './units.ts';

/**
 * Decides which handler is told what and when. It keeps the alerts that are not over and what each handler was told, and compares
 * them whenever one of them, a hold or a policy changes. Everything a change causes is one plan, applied in memory at once and to be
 * stored by the caller with the change itself. What looks at many alerts is a generator of plans, between which the loop may turn: each is
 * whole in itself, and what changes in between counts. A group of very many is looked at by `tick` only.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #alerts = new Map<string, Alert>();
  readonly #told = new ToldChecks();
  readonly #groups = new Map<string, GroupRecord>();
  readonly #units: Units;
  readonly #decided = new Map<string, string>();
  /** What holds alerts back is the same for each handler. */
  readonly #holdsNow = new Map<Alert, Holds>();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#units = new Units(parts.node);
  }

  /** Puts back what handlers were told, from the store's `told/` and `group/` entries. */
  restore(entries: [key: string, value: Json][]): void {
    // What lies ahead was written before the clock was set back: reminders and groups would wait for that time.
    const now = this.#parts.now();
    for (const [key, value] of entries) {
      const found = readTold(key, value);
      if (found !== undefined) {
        const { check, handler, told } = found;
        this.#told.set(handler, check, { ...told, at: Math.min(told.at, now) });
      }
      const group = readGroup(key, value);
      if (group !== undefined)
        this.#groups.set(group.unit, { ...group.record, sentAt: Math.min(group.record.sentAt, now) });
    }
  }

  /** Takes alerts whose hard state or episode changed. */
  changed(alerts: Alert[]): Plan {
    const units = new Set<string>();
    for (const alert of alerts) {
      for (const unit of this.#units.of(alert.check)) units.add(unit);
      for (const unit of this.#take(alert)) units.add(unit);
    }
    const at = this.#parts.now();
    for (const key of units) {
      const unit = this.#units.get(key);
      if (unit === undefined || unit.checks.size <= perSlice) continue;
      unit.nextAt = at;
      unit.isTouched = true;
      units.delete(key);
    }
    const plan = this.#evaluate(units);
    this.#prune(alerts.map(({ check }) => check));
    return plan;
  }

  /**
   * Looks at everything again: after a reload, a change of groups, of a downtime, an acknowledgement or a silence. `isComplete` false: a file
   * that cannot be read hides handlers, so that those that are missing are not gone. `alerts` are taken over first.
   */
  *reconsider(isComplete = true, alerts: Iterable<Alert> = []): Generator<Plan> {
    const keys = new Set(this.#units.keys());
    const taken = new Set<string>();
    for (const alert of alerts) {
      for (const key of this.#take(alert)) keys.add(key);
      taken.add(alert.check);
      if (taken.size % perSlice === 0) yield noPlan();
    }
    for (const [index, check] of [...this.#alerts.keys()].entries()) {
      const alert = this.#alerts.get(check);
      if (alert !== undefined && !taken.has(check)) for (const key of this.#index(alert)) keys.add(key);
      if (index % perSlice === perSlice - 1) yield noPlan();
    }
    yield* this.#look([...keys]);
    if (isComplete) yield { ...noPlan(), del: this.#forgetGone() };
  }

  /** Lets go of checks of which another agent tells from now on: no handler hears of their end from here. Gives the store's keys to delete. */
  handOver(checks: readonly string[]): string[] {
    for (const check of checks) this.#drop(check);
    return checks.flatMap((check) => this.#told.deleteCheck(check));
  }

  /** When `tick` has something to do; null when only a change gives it any. */
  get nextAt(): number | null {
    return this.#units.nextAt();
  }

  /** Does what is due by now. Call it once a second. */
  *tick(): Generator<Plan> {
    yield* this.#look(this.#units.due(this.#parts.now()));
  }

  *#look(keys: string[]): Generator<Plan> {
    let small = new Set<string>();
    for (const key of keys) {
      if ((this.#units.get(key)?.checks.size ?? 0) > perSlice) yield* this.#evaluateLarge(key);
      else small.add(key);
      if (small.size < perSlice) continue;
      yield this.#evaluate(small);
      small = new Set();
    }
    if (small.size > 0) yield this.#evaluate(small);
  }

  /** What a handler was told of a check last. */
  toldOf(handler: string, check: string): Told | undefined {
    return this.#told.of(handler, check);
  }

  /** Whether there may be somebody to tell of a check that is ok. */
  knows(check: string): boolean {
    return this.#alerts.has(check) || this.#told.has(check);
  }

  /** An alert that is not over, or whose end somebody has to hear of. */
  alert(check: string): Alert | undefined {
    return this.#alerts.get(check);
  }

  /** Checks that an alert is known of, or that some handler was told of. */
  checks(): Set<string> {
    return new Set([...this.#alerts.keys(), ...this.#told.checks()]);
  }

  /** The decision for each handler about a check now, by the wall clock, without acting on it. */
  explain(alert: Alert, holds: Holds): Explained[] {
    const { node, now, handlers, aheadMs } = this.#parts;
    const [at, ahead, held] = [now(), aheadMs(), movedHolds(holds, -aheadMs())];
    return handlers().map((handler) => {
      const told = this.toldOf(handler.id, alert.check);
      const found = findNeed(handler, this.#inOwnTime(alert), told, held, at);
      return {
        handler: handler.name,
        decision: movedDecision(found.decision, ahead),
        told: told && { ...told, at: told.at + ahead },
        group: handler.groupBy.length === 0 ? '' : groupOf(handler, alert, node),
      };
    });
  }

  /**
   * No problem begins later than now: the wall clock, which states go by, may run ahead of this one, as when it is set or the machine slept.
   */
  #inOwnTime(alert: Alert): Alert {
    if (alert.problemSince === null) return alert;
    const now = this.#parts.now();
    const known = this.#alerts.get(alert.check)?.problemSince ?? now;
    return { ...alert, problemSince: Math.min(alert.problemSince, known, now) };
  }

  #take(alert: Alert): string[] {
    this.#alerts.set(alert.check, this.#inOwnTime(alert));
    return this.#index(alert);
  }

  #index(alert: Alert): string[] {
    return this.#units.index(alert, this.#parts.handlers());
  }

  #evaluate(keys: Set<string>): Plan {
    const plan = noPlan();
    const releases: (() => void)[] = [];
    const handlers = new Map(this.#parts.handlers().map((handler) => [handler.id, handler]));
    const touched = new Set<string>();
    this.#holdsNow.clear();
    for (const key of keys) {
      const unit = this.#units.get(key);
      const handler = unit && handlers.get(unit.handler);
      if (unit === undefined || handler === undefined || unit.checks.size === 0) {
        this.#units.delete(key);
        this.#forgetGroup(key, plan);
        continue;
      }
      for (const check of unit.checks) touched.add(check);
      const release = this.#judge(handler, unit, plan);
      if (release !== null) releases.push(release);
    }
    this.#holdsNow.clear();
    this.#prune(touched);
    plan.release = () => {
      for (const release of releases) release();
    };
    return plan;
  }

  /** Finds what one group of one handler needs, and tells it when its time has come. */
  #judge(handler: HandlerPolicy, unit: Unit, plan: Plan): (() => void) | null {
    const at = this.#parts.now();
    const candidates: Candidate[] = [];
    for (const check of unit.checks) {
      const candidate = this.#candidate(handler, check, at, plan);
      if (candidate !== null) candidates.push(candidate);
    }
    const { release, record } = this.#conclude(handler, unit, candidates, at, plan);
    record(candidates);
    return release;
  }

  /** The same for a group of very many. What changed while the loop turned is looked at once more before anything is concluded. */
  *#evaluateLarge(key: string): Generator<Plan> {
    const unit = this.#units.get(key) as Unit;
    const handler = this.#parts.handlers().find(({ id }) => id === unit.handler);
    if (handler === undefined) return yield this.#evaluate(new Set([key]));
    unit.isTouched = false;
    let plan = noPlan();
    const found: Candidate[] = [];
    for (const checks of slices([...unit.checks])) {
      const at = this.#parts.now();
      for (const check of checks) {
        const candidate = this.#candidate(handler, check, at, plan);
        if (candidate !== null) found.push(candidate);
      }
      this.#holdsNow.clear();
      yield plan;
      plan = noPlan();
    }
    const at = this.#parts.now();
    const candidates = found.flatMap((each) => this.#current(handler, unit, each, at, plan) ?? []);
    this.#holdsNow.clear();
    const { release, record } = this.#conclude(handler, unit, candidates, at, plan);
    if (unit.isTouched) unit.nextAt = at;
    yield { ...plan, release: release ?? (() => {}) };
    for (const slice of slices(candidates)) {
      record(slice);
      this.#prune(slice.map(({ alert }) => alert.check));
      yield noPlan();
    }
  }

  #conclude(
    handler: HandlerPolicy,
    unit: Unit,
    candidates: Candidate[],
    at: number,
    plan: Plan,
  ): { release: (() => void) | null; record(candidates: Candidate[]): void } {
    const isNeeded = candidates.some(({ finding }) => finding.need !== null);
    if (!isNeeded) {
      unit.needAt = null;
      unit.nextAt = lookAgainAt(candidates, at);
      if (!this.#isTold(handler, unit)) this.#forgetGroup(unitKey(handler.id, unit.group), plan);
      return { release: null, record: (some) => this.#record(handler, some, at, '') };
    }
    unit.needAt ??= at;
    const sends = sendAt(handler, this.#groups.get(unitKey(handler.id, unit.group)), unit.needAt);
    if (sends > at) {
      unit.nextAt = sends;
      const waits: Decision = { outcome: 'waits', reason: `for the group ${unit.group}`, until: sends };
      const waiting = (each: Candidate): Candidate =>
        each.finding.need === null ? each : { ...each, finding: { ...each.finding, decision: waits } };
      return { release: null, record: (some) => this.#record(handler, some.map(waiting), at, '') };
    }
    const { key, release } = this.#tell(handler, unit, candidates, at, plan);
    return { release, record: (some) => this.#record(handler, some, at, key) };
  }

  #candidate(handler: HandlerPolicy, check: string, at: number, plan: Plan): Candidate | null {
    const alert = this.#alerts.get(check);
    if (alert === undefined) return null;
    const told = this.toldOf(handler.id, check);
    const finding = findNeed(handler, alert, told, this.#holdsOf(alert, at), at);
    if (finding.forget === true) this.#forget(handler, check, plan);
    return { alert, told, finding };
  }

  /** A candidate as it is now, when that may differ from what was found. */
  #current(handler: HandlerPolicy, unit: Unit, found: Candidate, at: number, plan: Plan): Candidate | null {
    const { check } = found.alert;
    if (!unit.checks.has(check)) return null;
    const isSame = this.#alerts.get(check) === found.alert && this.toldOf(handler.id, check) === found.told;
    return isSame ? found : this.#candidate(handler, check, at, plan);
  }

  /** Only problems are held back. */
  #holdsOf(alert: Alert, at: number): Holds {
    if (alert.state === 'ok' || alert.removed) return { holds: [], nextAt: null };
    const { holds: find, aheadMs } = this.#parts;
    const holds = this.#holdsNow.get(alert) ?? movedHolds(find(alert, at), -aheadMs());
    this.#holdsNow.set(alert, holds);
    return holds;
  }

  #tell(
    handler: HandlerPolicy,
    unit: Unit,
    candidates: Candidate[],
    at: number,
    plan: Plan,
  ): { key: string; release(): void } {
    const key = unitKey(handler.id, unit.group);
    // Begins with the time, so that no later life of the group has the same keys.
    const serial = (this.#groups.get(key)?.serial ?? Math.floor(at)) + 1;
    const notification = notificationOf(handler, unit.group, candidates, serial, this.#parts.node);
    for (const { alert, change, repeat } of notification.members) {
      if (change === 'recovered') this.#forget(handler, alert.check, plan);
      else if (change !== 'same') this.#remember(handler, alert, repeat, at, plan);
    }
    const news = notification.members.filter(({ change }) => change !== 'same');
    const isRest = candidates.filter(({ finding }) => finding.need !== null).length > news.length;
    // The interval is between looks at the group, not between the parts that one takes: the rest is due at once.
    const sentAt = isRest ? at - handler.groupIntervalMs : at;
    this.#keepGroup(handler, unit, { sentAt, serial }, plan);
    unit.needAt = null;
    // Again at once: reminders are due later, what is held is looked at again, and members beyond the limit of one notification follow.
    unit.nextAt = handler.repeatIntervalMs === null && news.length === candidates.length ? null : at;
    const entry = this.#parts.enqueue(notification);
    plan.put.push(...entry.put);
    plan.del.push(...entry.del);
    return { key: notification.key, release: entry.release };
  }

  #remember(handler: HandlerPolicy, alert: Alert, repeats: number, at: number, plan: Plan): void {
    const told: Told = { state: alert.state, episode: alert.episode, at, repeats };
    this.#told.set(handler.id, alert.check, told);
    plan.put.push([toldKey(handler.id, alert.check), toldEntries(told)]);
  }

  #forget(handler: HandlerPolicy, check: string, plan: Plan): void {
    plan.del.push(this.#told.delete(handler.id, check));
  }

  /** A group is known while anything of it was told; a check by itself needs no record. */
  #keepGroup(handler: HandlerPolicy, unit: Unit, record: GroupRecord, plan: Plan): void {
    if (handler.groupBy.length === 0) return;
    const key = unitKey(handler.id, unit.group);
    if (this.#isTold(handler, unit)) {
      this.#groups.set(key, record);
      plan.put.push([groupKey(handler.id, unit.group), { ...record }]);
    } else this.#forgetGroup(key, plan);
  }

  #isTold(handler: HandlerPolicy, unit: Unit): boolean {
    for (const check of unit.checks) if (this.toldOf(handler.id, check) !== undefined) return true;
    return false;
  }

  #forgetGroup(key: string, plan: Pick<Plan, 'del'>): void {
    if (!this.#groups.delete(key)) return;
    const end = key.indexOf('\n');
    plan.del.push(groupKey(key.slice(0, end), key.slice(end + 1)));
  }

  #record(handler: HandlerPolicy, candidates: Candidate[], at: number, key: string): void {
    for (const { alert, finding } of candidates) {
      const { decision } = finding;
      const subject = unitKey(handler.id, alert.check);
      const text = `${decision.outcome} ${decision.reason} ${alert.episode} ${key}`;
      if (this.#decided.get(subject) === text) continue;
      this.#decided.set(subject, text);
      const { check, state } = alert;
      const made = { ...decision, at, handler: handler.name, check, state, key };
      this.#parts.record(movedRecord(made, this.#parts.aheadMs()));
    }
  }

  /** What handlers were told that the configuration no longer has: the keys to delete. */
  #forgetGone(): string[] {
    const handlers = new Set(this.#parts.handlers().map(({ id }) => id));
    const gone = this.#told.keepHandlers(handlers);
    for (const key of this.#groups.keys()) if (!this.#units.has(key)) this.#forgetGroup(key, { del: gone });
    for (const subject of this.#decided.keys())
      if (!handlers.has(subject.slice(0, subject.indexOf('\n')))) this.#decided.delete(subject);
    return gone;
  }

  /** Lets go of alerts that are over and that everybody who was told has heard the end of. */
  #prune(checks: Iterable<string>): void {
    for (const check of checks) {
      const alert = this.#alerts.get(check);
      if (alert === undefined || !(alert.state === 'ok' || alert.removed)) continue;
      if (!this.#told.has(check)) this.#drop(check);
    }
  }

  #drop(check: string): void {
    this.#alerts.delete(check);
    for (const handler of this.#units.remove(check)) this.#decided.delete(unitKey(handler, check));
  }
}
