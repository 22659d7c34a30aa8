import type { Json } from 'opsbro/sdk';
import { type Candidate, groupOf, notificationOf, sendAt } from './group.ts';
import { groupKey, readGroup, readTold, toldEntries, toldKey } from './memory.ts';
import type {
  Alert,
  Decision,
  DecisionRecord,
  GroupRecord,
  HandlerPolicy,
  Holds,
  Notification,
  Told,
} from './model.ts';
import { findNeed } from './need.ts';

/** What the clock or somebody's hand may have changed behind our back is looked at again after so long. */
const heldLookMs = 30_000;

/** Keys to write and to remove in one batch with what caused them. `release` lets the notifications go, once that is on the disk. */
export interface Plan {
  put: [key: string, value: Json][];
  del: string[];
  release(): void;
}

/** What a dispatcher works with. */
export interface DispatcherParts {
  /** The node's name, part of every de-duplication key. */
  node: string;
  /** Epoch ms that never jump: the wall clock of the start and what the monotonic clock added since. */
  now(): number;
  /** The handlers of this moment. */
  handlers(): readonly HandlerPolicy[];
  /** What holds an alert back. */
  holds(alert: Alert, at: number): Holds;
  /** Takes a decision that differs from the last about this handler and check. */
  record(decision: DecisionRecord): void;
  /** Takes a notification into the outbox: the keys that keep it, and what lets it go. */
  enqueue(notification: Notification): { put: [key: string, value: Json][]; del: string[]; release(): void };
}

/** The alerts of one group of one handler. */
interface Unit {
  handler: string;
  group: string;
  checks: Set<string>;
  /** Since when it needs to be told something. */
  needAt: number | null;
  nextAt: number | null;
}

/**
 * Decides which handler is told what and when. It keeps the alerts that are not over and what each handler was told, and compares
 * them whenever one of them, a hold or a policy changes. Everything a change causes is one plan, applied in memory at once and to be
 * stored by the caller with the change itself.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #alerts = new Map<string, Alert>();
  readonly #told = new Map<string, Map<string, Told>>();
  readonly #groups = new Map<string, GroupRecord>();
  readonly #units = new Map<string, Unit>();
  readonly #unitsOf = new Map<string, string[]>();
  readonly #decided = new Map<string, string>();
  /** What holds alerts back is the same for each handler. */
  readonly #holdsNow = new Map<Alert, Holds>();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Puts back what handlers were told, from the store's `told/` and `group/` entries. */
  restore(entries: [key: string, value: Json][]): void {
    // What lies ahead was written before the clock was set back: reminders and groups would wait for that time.
    const now = this.#parts.now();
    for (const [key, value] of entries) {
      const found = readTold(key, value);
      if (found !== undefined) {
        const { check, handler, told } = found;
        this.#toldOf(handler).set(check, { ...told, at: Math.min(told.at, now) });
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
      for (const unit of this.#unitsOf.get(alert.check) ?? []) units.add(unit);
      this.#alerts.set(alert.check, this.#inOwnTime(alert));
      for (const unit of this.#index(alert)) units.add(unit);
    }
    const plan = this.#evaluate(units);
    this.#prune(alerts.map(({ check }) => check));
    return plan;
  }

  /**
   * Looks at everything again: after a reload, a change of groups, of a downtime, an acknowledgement or a silence. `isComplete` false: a file
   * that cannot be read hides handlers, so that those that are missing are not gone. `alerts` are taken over first.
   */
  reconsider(isComplete = true, alerts: Alert[] = []): Plan {
    for (const alert of alerts) this.#alerts.set(alert.check, this.#inOwnTime(alert));
    this.#units.clear();
    this.#unitsOf.clear();
    for (const alert of this.#alerts.values()) this.#index(alert);
    const plan = this.#evaluate(new Set(this.#units.keys()));
    if (isComplete) plan.del.push(...this.#forgetGone());
    return plan;
  }

  /** Does what is due by now; null when nothing is. Call it once a second. */
  tick(): Plan | null {
    const [plan = null] = this.ticks(Number.POSITIVE_INFINITY);
    return plan;
  }

  /** The same in plans of so many groups, made when they are asked for: very many checks may be held back. */
  *ticks(groups: number): Generator<Plan> {
    const now = this.#parts.now();
    const due: string[] = [];
    for (const [key, { nextAt }] of this.#units) if (nextAt !== null && nextAt <= now) due.push(key);
    for (let from = 0; from < due.length; from += groups)
      yield this.#evaluate(new Set(due.slice(from, from + groups)));
  }

  /** What a handler was told of a check last. */
  toldOf(handler: string, check: string): Told | undefined {
    return this.#told.get(handler)?.get(check);
  }

  /** An alert that is not over, or whose end somebody has to hear of. */
  alert(check: string): Alert | undefined {
    return this.#alerts.get(check);
  }

  /** Checks that an alert is known of, or that some handler was told of. */
  checks(): Set<string> {
    return new Set([...this.#alerts.keys(), ...[...this.#told.values()].flatMap((told) => [...told.keys()])]);
  }

  /** The decision for each handler about a check at this moment, without acting on it. */
  explain(alert: Alert, holds: Holds): { handler: string; decision: Decision; told: Told | undefined }[] {
    const at = this.#parts.now();
    return this.#parts.handlers().map((handler) => {
      const told = this.toldOf(handler.id, alert.check);
      return {
        handler: handler.name,
        decision: findNeed(handler, this.#inOwnTime(alert), told, holds, at).decision,
        told,
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

  /** Puts an alert into the unit of each handler, and takes it out of those it was in. */
  #index(alert: Alert): string[] {
    for (const key of this.#unitsOf.get(alert.check) ?? []) this.#units.get(key)?.checks.delete(alert.check);
    const keys = this.#parts.handlers().map((handler) => {
      const group = groupOf(handler, alert);
      const key = unitKey(handler.id, group);
      const unit = this.#units.get(key) ?? {
        handler: handler.id,
        group,
        checks: new Set<string>(),
        needAt: null,
        nextAt: null,
      };
      unit.checks.add(alert.check);
      this.#units.set(key, unit);
      return key;
    });
    this.#unitsOf.set(alert.check, keys);
    return keys;
  }

  #evaluate(keys: Set<string>): Plan {
    const plan: Plan = { put: [], del: [], release: () => {} };
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
    const candidates = this.#candidates(handler, unit, at, plan);
    const needed = candidates.filter(({ finding }) => finding.need !== null);
    if (needed.length === 0) {
      unit.needAt = null;
      unit.nextAt = earliest(candidates.map(({ finding }) => lookAgainAt(finding, at)));
      if (!this.#isTold(handler, unit)) this.#forgetGroup(unitKey(handler.id, unit.group), plan);
      this.#record(handler, candidates, at, '');
      return null;
    }
    unit.needAt ??= at;
    const sends = sendAt(handler, this.#groups.get(unitKey(handler.id, unit.group)), unit.needAt);
    if (sends > at) {
      unit.nextAt = sends;
      const waits: Decision = { outcome: 'waits', reason: `for the group ${unit.group}`, until: sends };
      const waiting = (each: Candidate): Candidate =>
        each.finding.need === null ? each : { ...each, finding: { ...each.finding, decision: waits } };
      this.#record(handler, candidates.map(waiting), at, '');
      return null;
    }
    return this.#tell(handler, unit, candidates, at, plan);
  }

  #candidates(handler: HandlerPolicy, unit: Unit, at: number, plan: Plan): Candidate[] {
    const candidates: Candidate[] = [];
    for (const check of unit.checks) {
      const alert = this.#alerts.get(check);
      if (alert === undefined) continue;
      const told = this.toldOf(handler.id, check);
      const finding = findNeed(handler, alert, told, this.#holdsOf(alert, at), at);
      if (finding.forget === true) this.#forget(handler, check, plan);
      candidates.push({ alert, told, finding });
    }
    return candidates;
  }

  /** Only problems are held back. */
  #holdsOf(alert: Alert, at: number): Holds {
    if (alert.state === 'ok' || alert.removed) return { holds: [], nextAt: null };
    const holds = this.#holdsNow.get(alert) ?? this.#parts.holds(alert, at);
    this.#holdsNow.set(alert, holds);
    return holds;
  }

  #tell(handler: HandlerPolicy, unit: Unit, candidates: Candidate[], at: number, plan: Plan): () => void {
    const key = unitKey(handler.id, unit.group);
    // Begins with the time, so that no later life of the group has the same keys.
    const serial = (this.#groups.get(key)?.serial ?? Math.floor(at)) + 1;
    const notification = notificationOf(handler, unit.group, candidates, serial, this.#parts.node);
    for (const { alert, change, repeat } of notification.members) {
      if (change === 'recovered') this.#forget(handler, alert.check, plan);
      else if (change !== 'same') this.#remember(handler, alert, repeat, at, plan);
    }
    this.#keepGroup(handler, unit, { sentAt: at, serial }, plan);
    unit.needAt = null;
    // Again at once: reminders are due later, what is held is looked at again, and members beyond the limit of one notification wait for the next.
    const news = notification.members.filter(({ change }) => change !== 'same');
    unit.nextAt = handler.repeatIntervalMs === null && news.length === candidates.length ? null : at;
    this.#record(handler, candidates, at, notification.key);
    const entry = this.#parts.enqueue(notification);
    plan.put.push(...entry.put);
    plan.del.push(...entry.del);
    return entry.release;
  }

  #remember(handler: HandlerPolicy, alert: Alert, repeats: number, at: number, plan: Plan): void {
    const told: Told = { state: alert.state, episode: alert.episode, at, repeats };
    this.#toldOf(handler.id).set(alert.check, told);
    plan.put.push([toldKey(handler.id, alert.check), toldEntries(told)]);
  }

  #forget(handler: HandlerPolicy, check: string, plan: Plan): void {
    this.#told.get(handler.id)?.delete(check);
    plan.del.push(toldKey(handler.id, check));
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
    const [handler, group] = key.split('\n') as [string, string];
    plan.del.push(groupKey(handler, group));
  }

  #record(handler: HandlerPolicy, candidates: Candidate[], at: number, key: string): void {
    for (const { alert, finding } of candidates) {
      const { decision } = finding;
      const subject = unitKey(handler.id, alert.check);
      const text = `${decision.outcome} ${decision.reason} ${alert.episode} ${key}`;
      if (this.#decided.get(subject) === text) continue;
      this.#decided.set(subject, text);
      const { check, state } = alert;
      this.#parts.record({ ...decision, at, handler: handler.name, check, state, key });
    }
  }

  /** What handlers were told that the configuration no longer has: the keys to delete. */
  #forgetGone(): string[] {
    const handlers = new Set(this.#parts.handlers().map(({ id }) => id));
    const gone: string[] = [];
    for (const [handler, told] of this.#told) {
      if (handlers.has(handler)) continue;
      this.#told.delete(handler);
      gone.push(...[...told.keys()].map((check) => toldKey(handler, check)));
    }
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
      if ([...this.#told.values()].some((told) => told.has(check))) continue;
      this.#alerts.delete(check);
      for (const key of this.#unitsOf.get(check) ?? []) {
        const unit = this.#units.get(key);
        unit?.checks.delete(check);
        if (unit?.checks.size === 0) this.#units.delete(key);
        if (unit !== undefined) this.#decided.delete(unitKey(unit.handler, check));
      }
      this.#unitsOf.delete(check);
    }
  }

  #toldOf(handler: string): Map<string, Told> {
    const told = this.#told.get(handler) ?? new Map<string, Told>();
    this.#told.set(handler, told);
    return told;
  }
}

function unitKey(handler: string, group: string): string {
  return `${handler}\n${group}`;
}

function earliest(times: (number | null)[]): number | null {
  const known = times.filter((each) => each !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function lookAgainAt(
  { decision, nextAt }: { decision: Decision; nextAt: number | null },
  at: number,
): number | null {
  return decision.outcome === 'held' ? Math.min(nextAt ?? Number.POSITIVE_INFINITY, at + heldLookMs) : nextAt;
}
