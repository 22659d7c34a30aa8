import { useMemo } from 'preact/hooks';
import { useRows } from '../checks/use-rows.ts';
import { useNow } from '../live/live.ts';
import { Command } from '../parts/command.tsx';
import { Panel } from '../parts/panel.tsx';
import { WindowedTable } from '../parts/windowed-table.tsx';
import { type Route, replaceQuery } from '../shell/route.ts';
import { byZone } from './members.ts';
import { NodeChanges } from './node-changes.tsx';
import { useKnownChecks } from './node-checks.ts';
import { nodeColumns } from './node-columns.tsx';

/** The nodes of the cluster by zone, and how they fared. */
export function ClusterPage({ route }: { route: Route }) {
  const { board, rows } = useRows();
  const now = useNow();
  const group = route.query.get('group') ?? '';
  const self = board.node?.uuid ?? '';
  const checks = useKnownChecks(board, rows);
  // The board changes in place; its version tells.
  const zones = useMemo(() => byZone(board.nodes.values(), group, checks), [board.version, group, checks]);
  const columns = useMemo(() => nodeColumns(now, self, checks), [now, self, checks]);
  return (
    <>
      <div class="page-head">
        <h1>Cluster</h1>
        {group !== '' && (
          <button type="button" class="chip" onClick={() => replaceQuery(route, {})}>
            group {group} <span aria-hidden="true">×</span>
            <span class="unseen">: take this filter away</span>
          </button>
        )}
      </div>
      {board.nodes.size === 0 ? (
        <Alone group={group} groups={board.groups} />
      ) : (
        <>
          {zones.map(({ zone, nodes, alive }) => (
            <Panel
              key={zone}
              title={`Zone ${zone}`}
              aside={
                <span class="dim">
                  {alive} of {nodes.length} alive
                </span>
              }
            >
              <WindowedTable
                label={`Nodes of zone ${zone}`}
                grid="grid-nodes"
                columns={columns}
                rows={nodes}
                keyOf={({ uuid }) => uuid}
                empty="No node."
              />
            </Panel>
          ))}
          {zones.length === 0 && <p class="empty">No node is in the group {group}.</p>}
          <NodeChanges uuid="" version={board.nodesVersion} now={now} />
        </>
      )}
    </>
  );
}

function Alone({ group, groups }: { group: string; groups: readonly string[] }) {
  return (
    <Panel title="Alone">
      {group !== '' && (
        <p>
          This host is {groups.includes(group) ? '' : 'not '}in the group <b>{group}</b>.
        </p>
      )}
      <p>
        This agent is in no cluster. With <code>gossip: {'{}'}</code> in its <code>agent.yml</code> it takes
        part in one, and then:
      </p>
      <Command text="opsbro gossip join HOST" />
    </Panel>
  );
}
