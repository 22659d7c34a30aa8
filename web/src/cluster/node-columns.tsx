import { CountMarks } from '../checks/count-marks.tsx';
import type { StateCounts } from '../checks/rows.ts';
import type { ClusterNode } from '../live/fact.ts';
import { Age } from '../parts/notes.tsx';
import { StateShape } from '../parts/state-mark.tsx';
import type { Column } from '../parts/windowed-table.tsx';
import { linkTo } from '../shell/route.ts';
import { nameOf, nodeShape } from './members.ts';

/** The columns of lists of nodes; `now` is what ages count to, `self` the uuid of this node. */
export function nodeColumns(
  now: number,
  self: string,
  checks: ReadonlyMap<string, StateCounts>,
): Column<ClusterNode>[] {
  return [
    {
      title: 'State',
      name: 'state',
      cell: (node) => (
        <span class={`state is-${nodeShape(node)}`}>
          <StateShape state={nodeShape(node)} /> {node.state}
        </span>
      ),
    },
    {
      title: 'Node',
      name: 'node',
      cell: (node) => (
        <>
          <a href={linkTo(['node', node.uuid])} title={node.uuid}>
            {nameOf(node)}
          </a>
          {node.uuid === self && <span class="dim"> this one</span>}
        </>
      ),
    },
    {
      title: 'Address',
      name: 'address',
      cell: ({ addresses, port }) => (
        <span class="dim">
          {addresses[0]?.includes(':') ? `[${addresses[0]}]` : addresses[0]}:{port}
        </span>
      ),
    },
    {
      title: 'Checks',
      name: 'checks',
      cell: (node) => <NodeChecksCell node={node} known={checks.get(node.uuid)} now={now} />,
    },
    { title: 'Groups', name: 'groups', cell: (node) => <NodeGroups node={node} /> },
    { title: 'Since', name: 'since', cell: ({ since }) => <Age at={since} now={now} /> },
  ];
}

interface ChecksProps {
  node: ClusterNode;
  known: StateCounts | undefined;
  now: number;
}

/** How its checks stand; of a node that does not live, as they were then. */
function NodeChecksCell({ node: { state, since }, known, now }: ChecksProps) {
  if (known === undefined) return <span class="dim">not told here</span>;
  if (state === 'alive') return <CountMarks counts={known} />;
  return (
    <span class="marks">
      <CountMarks counts={known} isPast />
      <span class="dim">
        as of <Age at={since} now={now} />
      </span>
    </span>
  );
}

/** The groups of a node, those first of which a check is critical. */
function NodeGroups({ node: { groups, failing } }: { node: ClusterNode }) {
  const others = groups.filter((group) => !failing.includes(group));
  return (
    <span class="dim" title={groups.join(', ')}>
      {failing.length > 0 && <span class="is-critical">{failing.join(', ')} failing</span>}
      {failing.length > 0 && others.length > 0 && ', '}
      {others.join(', ')}
    </span>
  );
}
