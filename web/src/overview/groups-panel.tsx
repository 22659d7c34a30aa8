import type { GroupRow } from '../hosts/hosts.ts';
import { Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateShape } from '../parts/state-mark.tsx';
import { linkTo } from '../shell/route.ts';

/** The groups that hosts are in, and where something of one is critical. */
export function GroupsPanel({ groups }: { groups: readonly GroupRow[] }) {
  return (
    <Panel title="Groups" class="is-groups" aside={<span class="dim">{groups.length}</span>}>
      {groups.length === 0 && <Empty>No detector gave a group yet.</Empty>}
      <ul class="chips">
        {groups.map(({ name, members, failing, isOwn }) => (
          <li key={name}>
            <a class={`chip ${isOwn ? 'is-own' : ''}`} href={linkTo(['cluster'], { group: name })}>
              {failing > 0 && <StateShape state="critical" />}
              {name} <span class="dim">{members}</span>
              {failing > 0 && <span class="is-critical"> {failing} failing</span>}
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
