import { useState } from 'preact/hooks';
import type { CheckView } from '../../../control/shapes.ts';
import { useResource } from '../api/resource.ts';
import { Chart } from '../graphs/chart.tsx';
import { RangeChoice } from '../graphs/range-choice.tsx';
import { rangeFrom } from '../graphs/ranges.ts';
import { figuresOf, type RenderedSeries, renderPath, targetsOfCheck } from '../graphs/series.ts';
import { WithStore } from '../graphs/with-store.tsx';
import { useBoard } from '../live/live.ts';
import { Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { linkTo } from '../shell/route.ts';
import { numberText } from '../text/quantity.ts';

const points = 400;
const mostCharts = 12;

/** What the store has of the figures that a check gave or read. */
export function LinkedGraphs({ check, seen }: Pick<DrawnProps, 'check' | 'seen'>) {
  const [from, setFrom] = useState('-6h');
  return (
    <Panel title="Graphs" aside={<RangeChoice from={from} onChange={(range) => setFrom(range.from)} />}>
      <WithStore>
        <Drawn check={check} seen={seen} from={from} />
      </WithStore>
    </Panel>
  );
}

interface DrawnProps {
  check: CheckView;
  /** Keys of the values that it read. */
  seen: readonly string[];
  from: string;
}

function Drawn({ check, seen, from }: DrawnProps) {
  const { node } = useBoard();
  const { everyMs } = rangeFrom(from);
  const targets = node === undefined ? [] : targetsOfCheck(node.name, check.name, seen);
  const path = targets.length === 0 ? null : renderPath(targets, from, points);
  const { data, error } = useResource<RenderedSeries[]>(path, { everyMs });
  const shown = (data ?? []).filter(({ datapoints }) => datapoints.some(([value]) => value !== null));
  return (
    <>
      <Awaited data={data} error={error} />
      {data !== undefined && shown.length === 0 && <Empty>The store has no figures of this check.</Empty>}
      {shown.slice(0, mostCharts).map((series) => (
        <LinkedGraph key={series.target} series={series} from={from} />
      ))}
    </>
  );
}

function LinkedGraph({ series, from }: { series: RenderedSeries; from: string }) {
  const { target, min, max, last } = figuresOf(series);
  const figures = `${numberText(min ?? 0)} to ${numberText(max ?? 0)}, last ${numberText(last ?? 0)}`;
  return (
    <figure class="linked">
      <figcaption>
        <a href={linkTo(['graphs'], { target, from })}>{target}</a> <span class="dim">{figures}</span>
      </figcaption>
      <Chart series={[series]} label={`${target}: ${figures}`} height={130} />
    </figure>
  );
}
