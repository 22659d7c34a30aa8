import type { ConfigObject, ConfigPlan } from '../config/model.ts';
import type { Program } from '../expressions/program.ts';
import type { HostDeps } from './deps.ts';
import type { Runtime } from './objects.ts';

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
  if (plan.plugins !== null) for (const id of registry.replace(plan.plugins)) code.invalidate(id);
  const fresh = [...plan.start, ...plan.restart];
  rules.put(fresh.flatMap(programOf));
  const now = deps.clock.monotonic();
  for (const object of fresh) table.put(object, now);
  const forgotten: string[] = [];
  for (const id of plan.stop) forgotten.push(...stopObject(deps, id));
  rules.delete(plan.stop);
  if (plan.agent !== null) board.setStaticGroups(plan.agent.groups, deps.clock.now());
  linkGroups(deps);
  // A restarted object whose interval is unchanged is still scheduled: what changed must take effect now.
  for (const { id } of plan.restart) deps.scheduler.runNow(id);
  if (forgotten.length > 0) await deps.store.put({ del: forgotten });
}

/** Starts and stops scheduling by `if_group`: called when groups or objects change. */
export function linkGroups(deps: HostDeps): void {
  const groups = new Set(deps.board.groups);
  for (const runtime of deps.table.runtimes()) {
    const { object } = runtime;
    const wanted =
      object.enabled && (object.ifGroup === null || object.ifGroup === '*' || groups.has(object.ifGroup));
    runtime.active = wanted;
    if (wanted) deps.scheduler.add(object.id, object.intervalMs);
    else if (deps.scheduler.has(object.id)) deactivate(deps, runtime);
  }
}

function deactivate(deps: HostDeps, runtime: Runtime): void {
  const { id, kind, name } = runtime.object;
  deps.scheduler.remove(id);
  if (kind === 'check') deps.board.verdicts.delete(id);
  else if (kind === 'collector') deps.board.samples.delete(name.toLowerCase());
}

function stopObject(deps: HostDeps, id: string): string[] {
  const object = deps.table.delete(id);
  if (object === undefined) return [];
  deps.scheduler.remove(id);
  deps.states.delete(id);
  if (object.kind === 'collector') deps.board.samples.delete(object.name.toLowerCase());
  if (object.kind === 'check') {
    deps.board.verdicts.delete(id);
    return [`check/${id}`];
  }
  if (object.kind === 'detector') {
    deps.board.setDetected(id, [], deps.clock.now());
    return [`detected/${id}`];
  }
  return [];
}

function programOf(object: ConfigObject): Program[] {
  return (object.kind === 'check' || object.kind === 'detector') && object.program !== undefined
    ? [object.program]
    : [];
}
