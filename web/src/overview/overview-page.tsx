import { useMemo } from 'preact/hooks';
import { checkColumns } from '../checks/check-columns.tsx';
import { sortedRows, stateCounts } from '../checks/rows.ts';
import { ownName, useRows } from '../checks/use-rows.ts';
import { useKnownChecks } from '../cluster/node-checks.ts';
import { useHeldChecks } from '../held/held-checks.ts';
import { groupRows, hostRows } from '../hosts/hosts.ts';
import { isProblem } from '../live/fact.ts';
import { useNow } from '../live/live.ts';
import { Panel } from '../parts/panel.tsx';
import { WindowedTable } from '../parts/windowed-table.tsx';
import { linkTo } from '../shell/route.ts';
import { AgentPanel } from './agent-panel.tsx';
import { ChangesPanel } from './changes-panel.tsx';
import { GroupsPanel } from './groups-panel.tsx';
import { HostsPanel } from './hosts-panel.tsx';
import { StateTiles } from './state-tiles.tsx';

/** What one looks at first: what is wrong, where, since when, and how the agent does that says so. */
export function OverviewPage() {
  const { board, rows } = useRows();
  const now = useNow();
  const own = ownName(board);
  const problems = useMemo(
    () =>
      sortedRows(
        rows.filter(({ state }) => isProblem(state)),
        'severity',
      ),
    [rows],
  );
  const counts = useMemo(() => stateCounts(rows), [rows]);
  // The board changes in place; its version tells.
  const known = useKnownChecks(board, rows);
  const hosts = useMemo(() => hostRows(board, rows, own, known), [rows, known, board.version]);
  const groups = useMemo(() => groupRows(board), [board.version]);
  const held = useHeldChecks();
  const columns = useMemo(() => checkColumns(now, held), [now, held]);
  return (
    <>
      <h1 class="unseen">Overview</h1>
      <StateTiles counts={counts} />
      <div class="overview">
        <Panel
          title="Problems"
          class="is-problems"
          aside={<a href={linkTo(['checks'])}>All {rows.length.toLocaleString('en-US')} checks</a>}
        >
          <WindowedTable
            label="Problems"
            grid="grid-checks"
            lines={3}
            columns={columns}
            rows={problems}
            keyOf={({ id }) => id}
            empty={board.isEmpty ? 'Waiting for the agent …' : 'Nothing is wrong.'}
          />
        </Panel>
        <HostsPanel hosts={hosts} />
        <AgentPanel />
        <ChangesPanel now={now} />
        <GroupsPanel groups={groups} />
      </div>
    </>
  );
}
