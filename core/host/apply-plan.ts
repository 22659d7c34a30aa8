import { removal } from '../../alerting/state/advance.ts';
import type { ConfigObject, ConfigPlan } from '../../configuration/model.ts';
import type { Program } from '../../language/program.ts';
import { sizeHeap } from '../../threads/heap.ts';
import type { HostDeps } from './deps.ts';
import { isPassive, type Runtime } from './objects.ts';

/** Loads and unloads compiled rules. */
export interface RuleLoader {
  put(programs: Program[]): void;
  delete(ids: string[]): void;
}

/** Forgets a plugin's loaded code, so that its next run loads what is on disk. */
export interface CodeCache {
  invalidate(plugin: string): void;
}

/**
 * Makes the objects of a plan run, in the order that loses nothing: the registry first, then new code, then the swap, then what
 * stops. Objects the plan keeps are not touched: they keep phase, state and counters.
 */
export async function applyPlan(
  deps: HostDeps,
  rules: RuleLoader,
  code: CodeCache,
  plan: ConfigPlan,
): Promise<void> {
  const { table, board, registry } = deps;
  sizeHeap(plan.start.length + plan.restart.length + plan.kept);
  if (plan.plugins !== null) for (const id of registry.replace(plan.plugins)) code.invalidate(id);
  const fresh = [...plan.start, ...plan.restart];
  rules.put(fresh.flatMap(programOf));
  const now = deps.clock.monotonic();
  for (const object of fresh) table.put(object, now);
  const forgotten = plan.stop.flatMap((id) => stopObject(deps, id));
  rules.delete(plan.stop);
  if (plan.agent !== null) board.setStaticGroups(plan.agent.groups, deps.clock.now());
  const linked = linkGroups(deps);
  // A restarted object whose interval is unchanged is still scheduled: what changed must take effect now.
  for (const { id } of plan.restart) deps.scheduler.runNow(id);
  await Promise.all([linked, forget(deps, forgotten)]);
}

/**
 * Starts and stops scheduling by `if_group`, of all or of `runtimes`: called when groups or objects change. What is known of an object that does not run here is
 * forgotten. Acts at once and resolves when the store knows; never rejects.
 */
export function linkGroups(deps: HostDeps, runtimes?: Iterable<Runtime>): Promise<void> {
  const { board, clock, scheduler, table } = deps;
  const groups = new Set(board.groups);
  const now = clock.monotonic();
  const forgotten: string[] = [];
  for (const runtime of runtimes ?? table.runtimes()) {
    const { enabled, id, ifGroup, intervalMs } = runtime.object;
    if (enabled && (ifGroup === null || ifGroup === '*' || groups.has(ifGroup))) {
      if (!runtime.active) activate(runtime, now);
      if (!isPassive(runtime)) scheduler.add(id, intervalMs);
    } else forgotten.push(...rest(deps, runtime));
  }
  return forget(deps, forgotten);
}

function activate(runtime: Runtime, nowMs: number): void {
  runtime.active = true;
  runtime.activeMs = nowMs;
  // Rules that read it wait for its first run again.
  runtime.hasRun = false;
  runtime.state = 'pending';
  runtime.settled = 'pending';
  runtime.log = '';
}

function rest(deps: HostDeps, runtime: Runtime): string[] {
  const { object } = runtime;
  runtime.active = false;
  runtime.matched = null;
  deps.scheduler.remove(object.id);
  if (object.enabled) {
    runtime.state = 'not-eligible';
    runtime.settled = 'not-eligible';
    runtime.log = `this host is not in group '${object.ifGroup}'`;
  }
  return object.kind === 'collector' && deps.table.collector(object.name) !== runtime
    ? []
    : forgetFacts(deps, object);
}

/** Forgets objects and what is known of them. Resolves when the store knows; never rejects. */
export function stopObjects(deps: HostDeps, ids: string[]): Promise<void> {
  return forget(
    deps,
    ids.flatMap((id) => stopObject(deps, id)),
  );
}

function stopObject(deps: HostDeps, id: string): string[] {
  const object = deps.table.delete(id);
  if (object === undefined) return [];
  deps.scheduler.remove(id);
  deps.states.delete(id);
  return forgetFacts(deps, object);
}

/** Takes what an object found off the board; gives the store's keys of it. */
function forgetFacts({ board, bus, clock }: HostDeps, { kind, id, name }: ConfigObject): string[] {
  if (kind === 'collector') board.samples.delete(name.toLowerCase());
  const status = kind === 'check' ? board.decided(id) : undefined;
  if (status !== undefined) {
    board.verdicts.delete(id);
    board.ahead.delete(id);
    bus.publish('verdict', { check: id, name, ...removal(status, clock.now()) });
    return [`check/${id}`];
  }
  if (kind !== 'detector' || !board.detected.has(id)) return [];
  board.setDetected(id, [], clock.now());
  return [`detected/${id}`];
}

async function forget({ store }: HostDeps, keys: string[]): Promise<void> {
  if (keys.length > 0) await store.put({ del: keys });
}

function programOf(object: ConfigObject): Program[] {
  return (object.kind === 'check' || object.kind === 'detector') && object.program !== undefined
    ? [object.program]
    : [];
}
