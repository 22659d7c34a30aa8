import type { Json, JsonObject } from 'opsbro/sdk';
import { type Observation, pendingStatus } from '../../alerting/model.ts';
import { type Advanced, advance, renew } from '../../alerting/state/advance.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { HostDeps } from '../host/deps.ts';
import type { RunState, Runtime } from '../host/objects.ts';
import type { CheckChange } from '../notify/notifications.ts';
import { type Samples, seenBy } from './seen.ts';

/** When a whole host breaks at once, each of its checks is told to several handlers: the loop turns in between. */
const perBatch = 50;
/** Batches that wait for the disk: its queue is bounded, and each check may put several entries there. */
const maxStoring = 20;

/** What a run found, and of which moment that tells: by default of when the run began, which has ended just now. */
interface Found {
  runtime: Runtime;
  result: Observation;
  asOf?: number;
}

/** Puts the results of runs on the board and tells the bus what changed. */
export class Results {
  readonly #deps: HostDeps;
  /** The last batches that took a turn, and the turn of the last. */
  readonly #storing: Promise<void>[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: HostDeps) {
    this.#deps = deps;
  }

  /**
   * Applies the verdicts of one tick. What must survive a power cut of a check is in one batch, on disk before anybody sees it. `samples` are
   * those that rules were judged by.
   */
  async verdicts(found: Found[], samples?: Samples): Promise<void> {
    if (found.length <= perBatch) return this.#batch(found, samples);
    const stored: Promise<void>[] = [];
    for (let from = 0; from < found.length; from += perBatch)
      stored.push(this.#inTurn(() => this.#batch(found.slice(from, from + perBatch), samples)));
    await Promise.all(stored);
  }

  /** One batch in each turn of the loop, and no more of them on their way to the disk than may be, whoever has them. */
  #inTurn(batch: () => Promise<void>): Promise<void> {
    const before = this.#storing.length < maxStoring ? undefined : this.#storing.shift();
    this.#turn = Promise.all([this.#turn, before]).then(
      () => new Promise((resolve) => setImmediate(resolve)),
    );
    const stored = this.#turn.then(batch);
    this.#storing.push(stored.catch(() => undefined));
    return stored;
  }

  async #batch(found: Found[], samples?: Samples): Promise<void> {
    const { clock, notifications, store, table } = this.#deps;
    const at = clock.now();
    const put: [string, Json][] = [];
    const steps: { runtime: Runtime; advanced: Advanced }[] = [];
    const changed: CheckChange[] = [];
    for (const { runtime, result, asOf = at - (runtime.durationMs ?? 0) } of found) {
      if (!table.isCurrent(runtime)) continue;
      const advanced = this.#advance(runtime, result, at);
      // With what was decided, which may come after the run by some turns.
      if (result.late !== 'run') runtime.asOf = asOf;
      if (advanced === null) continue;
      steps.push({ runtime, advanced });
      if (advanced.changes.length === 0) continue;
      put.push([`check/${runtime.object.id}`, advanced.status as unknown as JsonObject]);
      const seen = samples === undefined ? [] : seenBy(runtime, samples);
      const { status, changes } = advanced;
      changed.push({ check: runtime.object as CheckObject, status, changes, seen });
    }
    const plan = notifications.plan(changed);
    put.push(...plan.put);
    if (put.length > 0) await store.put({ put, del: plan.del });
    for (const { runtime, advanced } of steps) this.#show(runtime, advanced);
    plan.release();
  }

  /** null where nothing is new but that it ran, which the board knows then. */
  #advance(runtime: Runtime, result: Observation, at: number): Advanced | null {
    const { board, clock, scheduler } = this.#deps;
    const object = runtime.object as CheckObject;
    if (result.late !== 'run') runtime.sampledMs = clock.monotonic();
    const before = board.decided(object.id) ?? pendingStatus;
    if (!board.ahead.has(object.id) && renew(before, result, object, at)) return null;
    const advanced = advance(before, result, object, at);
    board.ahead.set(object.id, advanced.status);
    if (advanced.nextRunMs !== null) scheduler.runWithin(object.id, advanced.nextRunMs);
    return advanced;
  }

  #show(runtime: Runtime, { status, changes }: Advanced): void {
    const { board, bus, table } = this.#deps;
    const { id, name } = runtime.object;
    const last = board.ahead.get(id);
    if (last === status) board.ahead.delete(id);
    // Else it was taken off the board, or hidden by a later one that had nothing to store. Also for an object that was replaced, and when
    // the agent ends: it was stored, and people are told.
    if (last !== undefined) board.verdicts.set(id, status);
    const current = table.get(id);
    if (current === undefined || !table.isCurrent(current)) return;
    for (const change of changes) bus.publish('verdict', Object.assign({ check: id, name }, change));
  }

  /** Replaces a collector's tree. */
  sample(runtime: Runtime, tree: JsonObject): void {
    const { board, clock } = this.#deps;
    runtime.sampledMs = clock.monotonic();
    board.samples.set(runtime.object.name.toLowerCase(), { tree, at: clock.now() });
  }

  /** Takes a collector's tree away. */
  forgetSample(runtime: Runtime): void {
    this.#deps.board.samples.delete(runtime.object.name.toLowerCase());
  }

  /** Records what a detector found; one that could not tell keeps what it found before. */
  async groups(runtime: Runtime, matched: boolean, groups: string[]): Promise<void> {
    const { board, clock, store, table } = this.#deps;
    if (!table.isCurrent(runtime)) return;
    runtime.sampledMs = clock.monotonic();
    runtime.matched = matched;
    const before = board.detected.get(runtime.object.id) ?? [];
    if (before.join() === groups.join()) return;
    board.setDetected(runtime.object.id, groups, clock.now());
    const key = `detected/${runtime.object.id}`;
    await store.put(groups.length === 0 ? { del: [key] } : { put: [[key, groups]] });
  }

  /** Ends a run in `state`; the bus hears of a change. */
  settle(runtime: Runtime, state: RunState, log: string): void {
    const before = runtime.settled;
    runtime.state = state;
    runtime.settled = state;
    runtime.log = log;
    if (before === state) return;
    const { bus, clock } = this.#deps;
    const { id, kind, name } = runtime.object;
    if (kind !== 'check') bus.publish(kind, { id, name, state, oldState: before, log, at: clock.now() });
  }
}
