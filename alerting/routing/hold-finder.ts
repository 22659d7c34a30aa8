import type { CheckStatus } from '../model.ts';
import { type DependencyVerdict, dependencyVerdict, type ParentFacts } from '../suppression/dependencies.ts';
import {
  type DependencyGraph,
  type DependentCheck,
  dependencyGraph,
} from '../suppression/dependency-graph.ts';
import type { SuppressionTables } from '../suppression/model.ts';
import { nextChangeAt, suppressionsOf } from '../suppression/suppressions.ts';
import type { Alert, Hold, Holds } from './model.ts';

/** How often a problem that waits for other checks is looked at again. */
const lookMs = 1000;

/** What a finder knows of a check's configuration. */
export interface HoldableCheck extends DependentCheck {
  dependencyWaitMs: number;
}

/** What a finder looks at. */
export interface HoldParts {
  /** The wall clock. */
  now(): number;
  /** What people decided. */
  tables(): SuppressionTables;
  /** The checks there are. */
  checks(): HoldableCheck[];
  check(id: string): HoldableCheck | undefined;
  /** How a check is, as it was decided last. */
  status(id: string): CheckStatus | undefined;
  inGroup(name: string): boolean;
  /** Of which moment the state of a check, or of `group:NAME`, tells; null when nobody knows. */
  asOf(id: string): number | null;
  /** What is to run now so that a check, or `group:NAME`, tells of a moment after `since`: what that reads, or itself once that is new. */
  runsFor(id: string, since: number): string[];
  /** Lets it run at once. */
  runNow(id: string): void;
}

/** Says what holds an alert back at this moment: what people decided, what it depends on, and its own flapping. */
export class HoldFinder {
  readonly #parts: HoldParts;
  #graph: DependencyGraph | undefined;
  /** What was asked to run for the problem of a check, so that it is asked once. */
  readonly #asked = new Map<string, { episode: number; ids: Set<string> }>();

  constructor(parts: HoldParts) {
    this.#parts = parts;
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

  /** What a check depends on, also through others: ids of checks, and `group:NAME`. */
  above(check: string): readonly string[] {
    this.#graph ??= dependencyGraph(this.#parts.checks());
    return this.#graph.above(check);
  }

  /** How something that checks depend on is now. */
  parentState(id: string): Pick<ParentFacts, 'id' | 'state' | 'hard'> & { since: number | null } {
    const { state, hard, hardSince } = this.#parent(id, this.#parts.now());
    return { id, state, hard, since: hardSince };
  }

  #holds(alert: Alert, verdict: DependencyVerdict): Holds {
    const at = this.#parts.now();
    const tables = this.#parts.tables();
    const facts = {
      id: alert.check,
      name: alert.name,
      pack: alert.pack,
      labels: alert.labels,
      state: alert.state,
      hard: true,
    };
    const holds: Hold[] = suppressionsOf(facts, tables, at);
    let nextAt = holds.length > 0 ? nextChangeAt(tables, at) : null;
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
    const check = this.#parts.check(alert.check);
    if (check === undefined || check.dependsOn.length === 0) return { verdict: 'clear' };
    const at = this.#parts.now();
    const child = {
      id: alert.check,
      problemAt: alert.since,
      asOf: this.#parts.asOf(alert.check),
      waitMs: check.dependencyWaitMs,
    };
    const parents = this.above(alert.check).map((id) => this.#parent(id, at));
    return dependencyVerdict(child, parents, at);
  }

  #parent(id: string, at: number): ParentFacts {
    if (id.startsWith('group:')) {
      const isIn = this.#parts.inGroup(id.slice('group:'.length));
      const asOf = this.#parts.asOf(id) ?? at;
      return { id, state: isIn ? 'ok' : 'critical', hard: true, asOf, hardSince: null };
    }
    const { state = 'pending', hard = true, hardSince = null } = this.#parts.status(id) ?? {};
    return { id, state, hard, asOf: this.#parts.asOf(id), hardSince };
  }

  #ask({ check, episode }: Alert, verdict: DependencyVerdict): void {
    if (verdict.verdict !== 'wait') {
      this.#asked.delete(check);
      return;
    }
    const known = this.#asked.get(check);
    const asked = known?.episode === episode ? known : { episode, ids: new Set<string>() };
    this.#asked.set(check, asked);
    for (const id of verdict.run.flatMap((each) => this.#parts.runsFor(each, verdict.since))) {
      if (asked.ids.has(id)) continue;
      asked.ids.add(id);
      this.#parts.runNow(id);
    }
  }
}
