import { useMemo, useState } from 'preact/hooks';
import type { PluginView } from '../../../control/shapes.ts';
import { useResource } from '../api/resource.ts';
import { Command } from '../parts/command.tsx';
import { ErrorNote } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateShape } from '../parts/state-mark.tsx';
import { type Column, WindowedTable } from '../parts/windowed-table.tsx';
import { linkTo, type Route } from '../shell/route.ts';
import { numberText, sizeText } from '../text/quantity.ts';
import { commandLine } from '../text/shell.ts';
import { PluginPanel } from './plugin-panel.tsx';
import { pluginName, pluginRows, pluginShape, waitingPlugins } from './plugin-rows.ts';

const everyMs = 5000;

const number = (value: number | null): string => (value === null ? '' : numberText(value));

const columns: Column<PluginView>[] = [
  {
    title: 'State',
    name: 'state',
    cell: ({ state }) => (
      <span class={`state is-${pluginShape(state)}`}>
        <StateShape state={pluginShape(state)} /> {state}
      </span>
    ),
  },
  {
    title: 'Plugin',
    name: 'plugin',
    cell: ({ id, summary }) => (
      <a href={linkTo(['plugins', ...id.split('/')])} title={summary}>
        {id}
      </a>
    ),
  },
  { title: 'Says', name: 'says', cell: ({ log, summary }) => <span class="dim">{log || summary}</span> },
  { title: 'Runs', name: 'number', cell: ({ runs }) => number(runs) },
  {
    title: 'Errors',
    name: 'number errors',
    cell: ({ errors, timeouts }) => (
      <span class={errors + timeouts > 0 ? 'is-critical' : 'dim'}>{number(errors + timeouts)}</span>
    ),
  },
  { title: 'p99 ms', name: 'number p99', cell: ({ p99_ms: p99 }) => number(p99) },
  {
    title: 'Heap',
    name: 'number heap',
    cell: ({ heap_bytes: heap }) => (heap === null ? '' : sizeText(heap)),
  },
];

/** Every plugin: how it fares, what it costs, and what waits for approval. */
export function PluginsPage({ route }: { route: Route }) {
  const [text, setText] = useState('');
  const { data, error, reload } = useResource<PluginView[]>('api/v1/plugins', { everyMs });
  const rows = useMemo(() => pluginRows(data ?? [], text), [data, text]);
  const waiting = useMemo(() => waitingPlugins(data ?? []), [data]);
  const id = route.rest.join('/');
  return (
    <>
      <h1>Plugins</h1>
      <ErrorNote error={error} />
      {waiting.map((plugin) => (
        <Waiting key={plugin.id} plugin={plugin} />
      ))}
      {id !== '' && <PluginPanel key={id} id={id} onChange={reload} />}
      <Panel
        title="All plugins"
        aside={
          <input
            type="search"
            aria-label="Plugins whose names or states hold"
            placeholder="Name or state"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        }
      >
        <WindowedTable
          label="Plugins"
          grid="grid-plugins"
          columns={columns}
          rows={rows}
          keyOf={(plugin) => plugin.id}
          empty={data === undefined ? 'Asking the agent …' : 'No plugin fits.'}
        />
      </Panel>
    </>
  );
}

/** One that waits: what it asks for, and how it is approved, which takes a look at its code on the host. */
function Waiting({ plugin: { id, approval, waits = '', rights = [] } }: { plugin: PluginView }) {
  return (
    <Panel title={`${id} waits for approval`} class="is-waiting">
      <p>
        {approval === 'changed' ? 'The version that was approved runs on. ' : ''}
        {waits}
      </p>
      {rights.length > 0 && (
        <>
          <h3>It asks for</h3>
          <ul class="bullets">
            {rights.map((right) => (
              <li key={right}>{right}</li>
            ))}
          </ul>
        </>
      )}
      <p class="dim">On the host, where its code can be read:</p>
      <Command text={commandLine('opsbro', 'plugins', 'approve', pluginName(id))} />
    </Panel>
  );
}
