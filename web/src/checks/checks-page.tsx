import { useMemo } from 'preact/hooks';
import { useHeldChecks } from '../held/held-checks.ts';
import { useNow } from '../live/live.ts';
import { WindowedTable } from '../parts/windowed-table.tsx';
import { type Route, replaceQuery } from '../shell/route.ts';
import { countText } from '../text/quantity.ts';
import { checkColumns } from './check-columns.tsx';
import { CheckFilters } from './check-filters.tsx';
import { filterOf, orderOf, queryOf } from './filter-query.ts';
import { filteredRows, sortedRows, stateCounts } from './rows.ts';
import { useRows } from './use-rows.ts';

/** All checks, as far as a filter leaves them in; the filter stands in the address, so that it can be passed on. */
export function ChecksPage({ route }: { route: Route }) {
  const { board, rows } = useRows();
  const now = useNow();
  const filter = useMemo(() => filterOf(route.query), [route]);
  const order = orderOf(route.query);
  const counts = useMemo(
    () => stateCounts(filteredRows(rows, { ...filter, states: new Set() })),
    [rows, filter],
  );
  const shown = useMemo(() => sortedRows(filteredRows(rows, filter), order), [rows, filter, order]);
  const held = useHeldChecks();
  const columns = useMemo(() => checkColumns(now, held), [now, held]);
  return (
    <div class="fills">
      <div class="page-head">
        <h1>Checks</h1>
        <span class="dim" role="status">
          {countText(shown.length, 'check')}
        </span>
      </div>
      <CheckFilters
        filter={filter}
        order={order}
        counts={counts}
        onChange={(next, by) => replaceQuery(route, queryOf(next, by))}
      />
      <WindowedTable
        label="Checks"
        grid="grid-checks"
        lines={3}
        columns={columns}
        rows={shown}
        keyOf={({ id }) => id}
        empty={board.isEmpty ? 'Waiting for the agent …' : 'No check fits.'}
      />
    </div>
  );
}
