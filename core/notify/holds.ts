import type { Alert, Hold, Holds } from '../../alerting/routing/model.ts';
import {
  type DependencyVerdict,
  dependencyVerdict,
  type ParentFacts,
} from '../../alerting/suppression/dependencies.ts';
import { type DependencyGraph, dependencyGraph } from '../../alerting/suppression/dependency-graph.ts';
import type { SuppressionTables } from '../../alerting/suppression/model.ts';
import { nextChangeAt, suppressionsOf } from '../../alerting/suppression/suppressions.ts';
import { type HeldCounts, type HeldView, heldCounts, heldViews } from '../../alerting/suppression/views.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { HostDeps } from '../host/deps.ts';
import { checkFacts } from './alert-book.ts';

/** How often a problem that waits for other checks is looked at again. */
const lookMs = 1000;

/** Says what holds an alert back at this moment: what people decided, what it depends on, and its own flapping. */
export class HoldFinder {
  readonly #deps: HostDeps;
  readonly #tables: () => SuppressionTables;
  #graph: DependencyGraph | undefined;
  /** What was asked to run for the problem of a check, so that it is asked once. */
  readonly #asked = new Map<string, { episode: number; ids: Set<string> }>();

  constructor(deps: HostDeps, tables: () => SuppressionTables) {
    this.#deps = deps;
    this.#tables = tables;
  }

  /** Forgets who depends on whom: the configuration changed. */
  reset(): void {
    this.#graph = undefined;
  }

  /** What holds it now, by the wall clock. Asks the checks it waits for to run. */
  find(alert: Alert): Holds {
    const verdict = this.#dependency(alert);
    this.#ask(alert, verdict);
    return this.#holds(alert, verdict);
  }

  /** The same without asking anything to run. */
  look(alert: Alert): Holds {
    return this.#holds(alert, this.#dependency(alert));
  }

  /** What people decided to hold back of a check, in the state it shows now. */
  decided(check: CheckObject): HeldView[] {
    const { board, clock } = this.#deps;
    return heldViews(checkFacts(board, check), this.#tables(), clock.now());
  }

  /** How many of the checks that run here are held back by what people decided. */
  counts(): HeldCounts {
    const { downtimes, acknowledgements, silences } = this.#tables();
    if (downtimes.size + acknowledgements.size + silences.size === 0) return heldCounts([]);
    const active = this.#deps.table.of('check').filter((runtime) => runtime.active);
    return heldCounts(active.map(({ object }) => this.decided(object)));
  }

  /** What a check depends on, also through others: ids of checks, and `group:NAME`. */
  above(check: string): readonly string[] {
    this.#graph ??= dependencyGraph(
      this.#deps.table.of('check').flatMap(({ object }) => (object.kind === 'check' ? [object] : [])),
    );
    return this.#graph.above(check);
  }

  /** How something that checks depend on is now. */
  parentState(id: string): Pick<ParentFacts, 'id' | 'state' | 'hard'> & { since: number | null } {
    const { state, hard, hardSince } = this.#parent(id, this.#deps.clock.now());
    return { id, state, hard, since: hardSince };
  }

  #holds(alert: Alert, verdict: DependencyVerdict): Holds {
    const at = this.#deps.clock.now();
    const facts = {
      id: alert.check,
      name: alert.name,
      pack: alert.pack,
      labels: alert.labels,
      state: alert.state,
      hard: true,
    };
    const holds: Hold[] = suppressionsOf(facts, this.#tables(), at);
    let nextAt = holds.length > 0 ? nextChangeAt(this.#tables(), at) : null;
    if (alert.flapping)
      holds.push({ kind: 'flapping', text: 'its state changes too often (flapping)', until: null });
    if (verdict.verdict === 'suppressed') holds.push(...verdict.reasons);
    if (verdict.verdict === 'wait') {
      const what = verdict.for === 'parents' ? 'what it depends on is looked at' : 'it is looked at again';
      holds.push({ kind: 'dependency', text: `${what} first`, until: verdict.until });
    }
    if (verdict.verdict !== 'clear') nextAt = Math.min(nextAt ?? Number.POSITIVE_INFINITY, at + lookMs);
    return { holds, nextAt };
  }

  #dependency(alert: Alert): DependencyVerdict {
    const check = this.#deps.table.get(alert.check)?.object;
    if (check?.kind !== 'check' || check.dependsOn.length === 0) return { verdict: 'clear' };
    const at = this.#deps.clock.now();
    const shown = this.#deps.board.verdicts.get(alert.check)?.lastRun ?? null;
    const child = {
      id: alert.check,
      problemAt: alert.since,
      lastRun: Math.max(shown ?? 0, alert.lastRun ?? 0),
      waitMs: check.dependencyWaitMs,
    };
    const parents = this.above(alert.check).map((id) => this.#parent(id, at));
    return dependencyVerdict(child, parents, at);
  }

  #parent(id: string, at: number): ParentFacts {
    const { board } = this.#deps;
    if (id.startsWith('group:')) {
      const isIn = board.groups.includes(id.slice('group:'.length));
      return { id, state: isIn ? 'ok' : 'critical', hard: true, lastRun: at, hardSince: null };
    }
    const { state = 'pending', hard = true, lastRun = null, hardSince = null } = board.verdicts.get(id) ?? {};
    return { id, state, hard, lastRun, hardSince };
  }

  #ask({ check, episode }: Alert, verdict: DependencyVerdict): void {
    if (verdict.verdict !== 'wait') {
      this.#asked.delete(check);
      return;
    }
    const known = this.#asked.get(check);
    const asked = known?.episode === episode ? known : { episode, ids: new Set<string>() };
    this.#asked.set(check, asked);
    for (const id of verdict.run) {
      if (asked.ids.has(id)) continue;
      asked.ids.add(id);
      this.#deps.scheduler.runNow(id);
    }
  }
}
