import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CollectorView } from '../../../control/shapes.ts';
import { useResource } from '../api/resource.ts';
import { stepOf } from '../graphs/series.ts';
import { useBoard } from '../live/live.ts';
import { Command } from '../parts/command.tsx';
import { Age, Awaited, Empty, Facts } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { linkTo } from '../shell/route.ts';
import { spanText } from '../text/age.ts';
import { commandLine } from '../text/shell.ts';
import { valueText } from '../text/value.ts';
import { changedPaths, type Leaf, leavesOf } from './leaves.ts';

const everyMs = 2000;
const mostShown = 500;

/** The values of a collector as they are now. What changed since the last look is marked. */
export function CollectorValues({ name, now }: { name: string; now: number }) {
  const { data, error } = useResource<CollectorView>(`api/v1/collectors/${encodeURIComponent(name)}`, {
    everyMs,
  });
  const [text, setText] = useState('');
  const leaves = useMemo(() => leavesOf(data?.results), [data]);
  const before = useRef<readonly Leaf[]>(leaves);
  const changed = useMemo(() => changedPaths(before.current, leaves), [leaves]);
  useEffect(() => {
    before.current = leaves;
  }, [leaves]);
  const fits = leaves.filter(({ path }) => path.toLowerCase().includes(text.toLowerCase()));
  return (
    <Panel title={name} aside={data && <span class="dim">{data.plugin}</span>}>
      <Awaited data={data} error={error} />
      {data !== undefined && (
        <Facts
          facts={[
            ['State', data.log === '' ? data.state : `${data.state}: ${data.log}`],
            ['Measured', <Age key="a" at={data.last_run} now={now} />],
            ['Every', spanText(data.interval)],
            ['Took', data.duration_ms === null ? '' : `${Math.round(data.duration_ms)} ms`],
          ]}
        />
      )}
      {data !== undefined && leaves.length === 0 && <Empty>It has measured nothing.</Empty>}
      {leaves.length > 12 && (
        <div class="filters">
          <input
            type="search"
            aria-label="Values whose names hold"
            placeholder="Name of a value"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <span class="dim">
            {fits.length} of {leaves.length}
          </span>
        </div>
      )}
      <ValueList name={name} leaves={fits.slice(0, mostShown)} changed={changed} />
      {fits.length > mostShown && <Empty>{fits.length - mostShown} more: write a part of a name.</Empty>}
      <p class="dim">In a terminal:</p>
      <Command text={commandLine('opsbro', 'collectors', 'watch', name)} />
    </Panel>
  );
}

interface ListProps {
  name: string;
  leaves: readonly Leaf[];
  changed: ReadonlySet<string>;
}

function ValueList({ name, leaves, changed }: ListProps) {
  const { node } = useBoard();
  const series = (path: string): string => [node?.name ?? '', name, ...path.split('.')].map(stepOf).join('.');
  return (
    <dl class="pairs values">
      {leaves.map(({ path, value }) => (
        <div key={path}>
          <dt>
            {typeof value === 'number' ? (
              <a href={linkTo(['graphs'], { target: series(path), from: '-1h' })}>{path}</a>
            ) : (
              path
            )}
          </dt>
          <dd class={changed.has(path) ? 'is-new' : ''}>{valueText(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
