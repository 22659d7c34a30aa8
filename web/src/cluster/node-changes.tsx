import { useResource } from '../api/resource.ts';
import { Age, Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { SimpleTable } from '../parts/simple-table.tsx';
import { linkTo } from '../shell/route.ts';
import { accusersText, type NodeChange, nameOf } from './members.ts';

const shown = 100;

/** How nodes fared, and who accused them; of one node where `uuid` is not ''. */
export function NodeChanges({ uuid, version, now }: { uuid: string; version: number; now: number }) {
  const path = `api/v1/gossip/history${uuid === '' ? '' : `?node=${encodeURIComponent(uuid)}`}`;
  const { data, error } = useResource<NodeChange[]>(path, { key: version });
  return (
    <Panel title="History">
      <Awaited data={data} error={error} />
      {data?.length === 0 && <Empty>Nothing changed.</Empty>}
      <SimpleTable
        label="History of nodes"
        titles={['Node', 'Is', 'When', 'Accused by']}
        rows={(data ?? [])
          .slice(-shown)
          .reverse()
          .map((change) => [
            `${change.at} ${change.node} ${change.state}`,
            <a key="n" href={linkTo(['node', change.node])}>
              {nameOf(change)}
            </a>,
            change.state,
            <Age key="a" at={change.at} now={now} />,
            accusersText(change),
          ])}
      />
    </Panel>
  );
}
