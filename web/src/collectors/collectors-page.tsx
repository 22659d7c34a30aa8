import { useMemo, useState } from 'preact/hooks';
import type { CollectorView } from '../../../control/shapes.ts';
import { useResource } from '../api/resource.ts';
import { useNow } from '../live/live.ts';
import { useCurrentInSight } from '../parts/in-sight.ts';
import { Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateShape } from '../parts/state-mark.tsx';
import { linkTo, type Route } from '../shell/route.ts';
import { collectorShape } from './collector-shape.ts';
import { CollectorValues } from './collector-values.tsx';

const everyMs = 5000;

/** What this host measures: every collector, and of the chosen one the values as they are now. */
export function CollectorsPage({ route }: { route: Route }) {
  const now = useNow();
  const [text, setText] = useState('');
  const { data, error } = useResource<CollectorView[]>('api/v1/collectors', { everyMs });
  const shown = useMemo(
    () => (data ?? []).filter(({ name, state }) => `${name} ${state}`.includes(text.toLowerCase())),
    [data, text],
  );
  const chosen = route.rest[0] ?? data?.find(({ active }) => active)?.name;
  const list = useCurrentInSight<HTMLUListElement>(data === undefined ? '' : (chosen ?? ''));
  return (
    <>
      <h1>Collectors</h1>
      <Awaited data={data} error={error} />
      <div class="browse">
        <Panel title="Collectors" aside={<span class="dim">{data?.length ?? ''}</span>}>
          <div class="filters">
            <input
              type="search"
              aria-label="Names of collectors"
              placeholder="Name or state"
              value={text}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </div>
          {data !== undefined && shown.length === 0 && <Empty>No collector fits.</Empty>}
          <ul class="names" aria-label="Names" ref={list}>
            {shown.map(({ id, name, state }) => (
              <li key={id}>
                <a
                  class="name"
                  href={linkTo(['collectors', name])}
                  aria-current={name === chosen ? 'true' : undefined}
                >
                  {name}
                  <span class={`state is-${collectorShape(state)}`}>
                    <small>{state}</small> <StateShape state={collectorShape(state)} />
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </Panel>
        {chosen !== undefined && <CollectorValues key={chosen} name={chosen} now={now} />}
      </div>
    </>
  );
}
