import { useResource } from '../api/resource.ts';
import { ownName, useRows } from '../checks/use-rows.ts';
import { type ClusterNode, type ShownState, severity } from '../live/fact.ts';
import { useNow } from '../live/live.ts';
import { Age, Empty, Facts } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { SimpleTable } from '../parts/simple-table.tsx';
import { StateMark, StateShape } from '../parts/state-mark.tsx';
import { linkTo, type Route } from '../shell/route.ts';
import { nameOf, nodeShape } from './members.ts';
import { NodeChanges } from './node-changes.tsx';

/** GET /monitoring/state/UUID: the checks of another node, as far as they are known here. */
interface NodeState {
  checks: { [id: string]: { id: string; name: string; state: ShownState; output: string } };
}

/** One node of the cluster: how it stands, its checks, and how it fared. */
export function NodePage({ route }: { route: Route }) {
  const uuid = route.rest[0] ?? '';
  const { board } = useRows();
  const now = useNow();
  const node = board.nodes.get(uuid);
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href={linkTo(['cluster'])}>Cluster</a>
      </nav>
      <div class="page-head">
        <h1>{node === undefined ? uuid : nameOf(node)}</h1>
        {node !== undefined && (
          <span class={`state is-${nodeShape(node)}`}>
            <StateShape state={nodeShape(node)} /> {node.state}
          </span>
        )}
      </div>
      {node === undefined ? (
        <Empty>No such node is known, or no longer.</Empty>
      ) : (
        <NodeFacts node={node} now={now} />
      )}
      {uuid === board.node?.uuid ? (
        <p>
          This is the node that tells you this:{' '}
          <a href={linkTo(['checks'], { host: ownName(board) })}>its checks</a>.
        </p>
      ) : (
        <NodeChecks uuid={uuid} version={node?.checks_version ?? 0} />
      )}
      <NodeChanges uuid={uuid} version={board.nodesVersion} now={now} />
    </>
  );
}

function NodeFacts({ node, now }: { node: ClusterNode; now: number }) {
  const { addresses, port, zone, since, incarnation, version, proxy, failing, groups } = node;
  return (
    <Panel title="Node" aside={<code class="dim">{node.uuid}</code>}>
      <Facts
        facts={[
          ['Since', <Age key="s" at={since} now={now} />],
          ['Zone', zone],
          ['Address', `${addresses.join(', ')} port ${port}`],
          ['Version', version],
          ['Incarnation', incarnation],
          ['Proxy', proxy ? 'yes' : 'no'],
          ['Failing', failing.length === 0 ? 'nothing' : failing.join(', ')],
        ]}
      />
      <ul class="chips">
        {groups.map((group) => (
          <li key={group}>
            <a class="chip" href={linkTo(['cluster'], { group })}>
              {group}
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function NodeChecks({ uuid, version }: { uuid: string; version: number }) {
  const { data, error } = useResource<NodeState>(`monitoring/state/${encodeURIComponent(uuid)}`, {
    key: version,
    everyMs: 10_000,
  });
  const checks = Object.values(data?.checks ?? {}).sort(
    (one, other) => severity(one.state) - severity(other.state) || (one.name < other.name ? -1 : 1),
  );
  return (
    <Panel title="Checks">
      {error !== undefined && <Empty>The checks of this node are not told here: {error.message}</Empty>}
      {data !== undefined && checks.length === 0 && <Empty>It has none.</Empty>}
      <SimpleTable
        label="Checks of this node"
        titles={['Check', 'State', 'Output']}
        rows={checks.map(({ id, name, state, output }) => [
          id,
          name,
          <StateMark key="s" state={state} />,
          output,
        ])}
      />
    </Panel>
  );
}
