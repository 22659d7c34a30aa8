import type { ClusterNode } from '../live/fact.ts';
import { Age } from '../parts/notes.tsx';
import { StateShape } from '../parts/state-mark.tsx';
import type { Column } from '../parts/windowed-table.tsx';
import { linkTo } from '../shell/route.ts';
import { nameOf, nodeShape } from './members.ts';

/** The columns of lists of nodes; `now` is what ages count to, `self` the uuid of this node. */
export function nodeColumns(now: number, self: string): Column<ClusterNode>[] {
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
      title: 'Failing',
      name: 'failing',
      cell: ({ failing }) => <span class="is-critical">{failing.join(', ')}</span>,
    },
    {
      title: 'Groups',
      name: 'groups',
      cell: ({ groups }) => (
        <span class="dim" title={groups.join(', ')}>
          {groups.join(', ')}
        </span>
      ),
    },
    { title: 'Since', name: 'since', cell: ({ since }) => <Age at={since} now={now} /> },
  ];
}
