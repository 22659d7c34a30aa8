import { useResource } from '../api/resource.ts';
import { ownName, useRows } from '../checks/use-rows.ts';
import { type ClusterNode, severity } from '../live/fact.ts';
import { useNow } from '../live/live.ts';
import { Age, Awaited, Empty, Facts } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { SimpleTable } from '../parts/simple-table.tsx';
import { StateMark, StateShape } from '../parts/state-mark.tsx';
import { linkTo, type Route } from '../shell/route.ts';
import { nameOf, nodeShape } from './members.ts';
import { NodeChanges } from './node-changes.tsx';
import type { NodeChecksDetails } from './node-checks.ts';

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
        <NodeChecks uuid={uuid} version={node?.checks_version ?? 0} now={now} />
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

function NodeChecks({ uuid, version, now }: { uuid: string; version: number; now: number }) {
  const { data, error } = useResource<NodeChecksDetails>(`api/v1/nodes/${encodeURIComponent(uuid)}/checks`, {
    key: version,
    everyMs: 3000,
  });
  const checks = [...(data?.checks ?? [])].sort(
    (one, other) => severity(one.state) - severity(other.state) || (one.name < other.name ? -1 : 1),
  );
  return (
    <Panel title="Checks">
      {error !== undefined && <Empty>The checks of this node are not told here: {error.message}</Empty>}
      <Awaited data={data ?? error} error={undefined} />
      {data !== undefined && checks.length === 0 && <Empty>It has none.</Empty>}
      <SimpleTable
        label="Checks of this node"
        titles={['Check', 'State', 'Since', 'Output']}
        rows={checks.map(({ id, name, state, hard, since, output }) => [
          id,
          <span key="n" title={id}>
            {name}
          </span>,
          <StateMark key="s" state={state} note={hard || state === 'pending' ? '' : 'soft'} />,
          <Age key="a" at={since} now={now} />,
          output,
        ])}
      />
    </Panel>
  );
}
