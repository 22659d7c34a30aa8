import { CountMarks } from '../checks/count-marks.tsx';
import type { HostRow } from '../hosts/hosts.ts';
import { Panel } from '../parts/panel.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { type Column, WindowedTable } from '../parts/windowed-table.tsx';
import { linkTo } from '../shell/route.ts';

const kinds: { [kind in HostRow['kind']]: string } = { own: 'this host', node: 'cluster', push: 'push' };

const columns: Column<HostRow>[] = [
  { title: 'State', name: 'state', cell: ({ state }) => <StateMark state={state} /> },
  {
    title: 'Host',
    name: 'name',
    cell: (host) => (
      <a href={hostLink(host)} title={host.groups.join(', ')}>
        {host.name}
      </a>
    ),
  },
  { title: 'Kind', name: 'kind', cell: ({ kind }) => <span class="dim">{kinds[kind]}</span> },
  {
    title: 'Checks',
    name: 'marks',
    cell: ({ counts, why }) =>
      counts === null ? <span class="dim">{why}</span> : <CountMarks counts={counts} />,
  },
];

function hostLink({ kind, key, name }: HostRow): string {
  return kind === 'node' ? linkTo(['node', key]) : linkTo(['checks'], { host: name });
}

/** Every host with how it does, the worst first. */
export function HostsPanel({ hosts }: { hosts: readonly HostRow[] }) {
  return (
    <Panel
      title="Hosts"
      class="is-hosts"
      aside={<span class="dim">{hosts.length.toLocaleString('en-US')}</span>}
    >
      <WindowedTable
        label="Hosts"
        grid="grid-hosts"
        columns={columns}
        rows={hosts}
        keyOf={({ kind, key }) => `${kind} ${key}`}
        empty="No host is known yet."
      />
    </Panel>
  );
}
