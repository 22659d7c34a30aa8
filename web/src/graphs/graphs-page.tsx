import { useState } from 'preact/hooks';
import { useResource } from '../api/resource.ts';
import { Command } from '../parts/command.tsx';
import { Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { type Route, replaceQuery } from '../shell/route.ts';
import { commandLine } from '../text/shell.ts';
import { Chart, Figures } from './chart.tsx';
import { NameBrowser } from './name-browser.tsx';
import { RangeChoice } from './range-choice.tsx';
import { rangeFrom } from './ranges.ts';
import { type RenderedSeries, renderPath } from './series.ts';
import { readTargets, toggledTarget, writeTargets } from './targets.ts';
import { WithStore } from './with-store.tsx';

const points = 800;

/** What the metric store holds: names to choose from, and lines of those that were chosen. The choice stands in the address. */
export function GraphsPage({ route }: { route: Route }) {
  const targets = readTargets(route.query);
  const { from, everyMs } = rangeFrom(route.query.get('from') ?? '');
  const show = (chosen: readonly string[], start: string): void =>
    replaceQuery(route, { target: writeTargets(chosen), from: start });
  return (
    <>
      <div class="page-head">
        <h1>Graphs</h1>
        <RangeChoice from={from} onChange={(range) => show(targets, range.from)} />
      </div>
      <WithStore>
        <div class="browse">
          <Panel title="Series">
            <NameBrowser chosen={targets} onToggle={(name) => show(toggledTarget(targets, name), from)} />
          </Panel>
          <div>
            <TargetForm onAdd={(target) => show([...new Set([...targets, target])], from)} />
            {targets.length === 0 ? (
              <Empty>Choose a series, or write a target.</Empty>
            ) : (
              <Drawn
                targets={targets}
                from={from}
                everyMs={everyMs}
                onDrop={(one) => show(toggledTarget(targets, one), from)}
              />
            )}
          </div>
        </div>
      </WithStore>
    </>
  );
}

function TargetForm({ onAdd }: { onAdd(target: string): void }) {
  const [text, setText] = useState('');
  const add = (event: Event): void => {
    event.preventDefault();
    if (text.trim() !== '') onAdd(text.trim());
    setText('');
  };
  return (
    <form class="filters" onSubmit={add}>
      <input
        aria-label="A target, which may use Graphite's functions"
        placeholder="averageSeries(*.loadaverage.load1)"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <button type="submit">Add</button>
    </form>
  );
}

interface DrawnProps {
  targets: readonly string[];
  from: string;
  everyMs: number;
  onDrop(target: string): void;
}

function Drawn({ targets, from, everyMs, onDrop }: DrawnProps) {
  const { data, error } = useResource<RenderedSeries[]>(renderPath(targets, from, points), { everyMs });
  const shown = (data ?? []).slice(0, 40);
  return (
    <Panel title="Values">
      <ul class="chips">
        {targets.map((target) => (
          <li key={target}>
            <button type="button" class="chip" onClick={() => onDrop(target)}>
              {target} <span aria-hidden="true">×</span>
              <span class="unseen">: take away</span>
            </button>
          </li>
        ))}
      </ul>
      <Awaited data={data} error={error} />
      {data !== undefined && data.length === 0 && <Empty>No series fits.</Empty>}
      {shown.length > 0 && (
        <>
          <Chart series={shown} label={`Values of ${targets.join(', ')}`} height={320} />
          <Figures series={shown} />
        </>
      )}
      <p class="dim">In a terminal:</p>
      <Command text={commandLine('opsbro', 'metrics', 'show', ...targets, '--from', from)} />
    </Panel>
  );
}
