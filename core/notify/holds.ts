import { HoldFinder } from '../../alerting/routing/hold-finder.ts';
import type { SuppressionTables } from '../../alerting/suppression/model.ts';
import { type HeldCheckView, heldChecks, heldCounts, heldViews } from '../../alerting/suppression/views.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Runtime } from '../host/objects.ts';
import { checkFacts } from './alert-book.ts';

/** Says what holds an alert of this agent back, and what people hold back of its checks. */
export class AgentHolds extends HoldFinder {
  readonly #deps: HostDeps;
  readonly #tables: () => SuppressionTables;

  constructor(deps: HostDeps, tables: () => SuppressionTables) {
    const { clock, table } = deps;
    super({
      tables,
      now: () => clock.now(),
      checks: () => table.of('check').flatMap(({ object }) => (object.kind === 'check' ? [object] : [])),
      check(id) {
        const object = table.get(id)?.object;
        return object?.kind === 'check' ? object : undefined;
      },
      status: (id) => deps.board.decided(id),
      inGroup: (name) => deps.board.groups.includes(name),
      asOf(id) {
        const found = tellersOf(deps, id).map(({ asOf }) => asOf ?? Number.NEGATIVE_INFINITY);
        return found.length === 0 ? null : Math.max(...found);
      },
      runsFor: (id, since) =>
        tellersOf(deps, id).flatMap((teller) => {
          const old = deps.table.sources(teller).filter(({ asOf }) => asOf === null || asOf < since);
          return (old.length === 0 ? [teller] : old).map(({ object }) => object.id);
        }),
      runNow: (id) => deps.scheduler.runNow(id),
    });
    this.#deps = deps;
    this.#tables = tables;
  }

  /** What people decided to hold back of a check, in the state it shows now. */
  decided(check: CheckObject): HeldCheckView['held'] {
    const { board, clock } = this.#deps;
    return heldViews(checkFacts(board, check), this.#tables(), clock.now());
  }

  /** The checks that run here of which people hold something back now. */
  held(): HeldCheckView[] {
    const active = this.#deps.table.of('check').filter((runtime) => runtime.active);
    return heldChecks(active, this.#tables(), (check) => this.decided(check));
  }

  /** How many of them there are. */
  counts(): ReturnType<typeof heldCounts> {
    return heldCounts(this.held());
  }
}

/** Who tells how a check is: itself; and whether this node is in `group:NAME`: its detectors, nobody where the configuration says so. */
function tellersOf({ board, table }: HostDeps, id: string): Runtime[] {
  const group = id.startsWith('group:') ? board.groupEntries().get(id.slice('group:'.length)) : undefined;
  const ids = group === undefined ? [id] : group.source === 'static' ? [] : group.detectors;
  return ids.flatMap((each) => table.get(each) ?? []);
}
