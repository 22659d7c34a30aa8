import type { HostRow } from '../hosts/hosts.ts';
import { shownStates } from '../live/fact.ts';
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
  { title: 'Checks', name: 'bar', cell: (host) => <CountBar host={host} /> },
];

function hostLink({ kind, key, name }: HostRow): string {
  return kind === 'node' ? linkTo(['node', key]) : linkTo(['checks'], { host: name });
}

/** States of a host's checks as lengths, which say at a glance how much of it is well; the words say it too. */
function CountBar({ host: { counts, why } }: { host: HostRow }) {
  const total = counts === null ? 0 : Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <span class="bar-cell">
      {counts !== null && total > 0 && (
        <span class="bar" aria-hidden="true">
          {shownStates.map(
            (state) =>
              counts[state] > 0 && (
                <i key={state} class={`is-${state}`} style={{ flexGrow: String(counts[state]) }} />
              ),
          )}
        </span>
      )}
      <span class="dim">{why}</span>
    </span>
  );
}

/** Every host with how it does, the worst first. */
export function HostsPanel({ hosts }: { hosts: readonly HostRow[] }) {
  return (
    <Panel title="Hosts" aside={<span class="dim">{hosts.length.toLocaleString('en-US')}</span>}>
      <WindowedTable
        label="Hosts"
        grid="grid-hosts"
        columns={columns}
        rows={hosts}
        keyOf={({ kind, key }) => `${kind} ${key}`}
        empty="No host is known yet."
        isTall={false}
      />
    </Panel>
  );
}
