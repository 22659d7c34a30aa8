import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { numberText } from '../text/quantity.ts';
import { type Columns, columnsOf, figuresOf, type RenderedSeries } from './series.ts';
import { timeTicks } from './time-ticks.ts';

interface Props {
  series: readonly RenderedSeries[];
  /** What is drawn, in words. */
  label: string;
  height?: number;
}

const hues = ['--hue-1', '--hue-2', '--hue-3', '--hue-4', '--hue-5', '--hue-6', '--hue-7', '--hue-8'];
const narrowest = 120;

/** The colour of the series at `index`, as the style sheet has it by day or night. */
function hueOf(index: number): string {
  return getComputedStyle(document.documentElement).getPropertyValue(hues[index % hues.length] ?? '');
}

function optionsOf(series: readonly RenderedSeries[], width: number, height: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const [ink, line] = [style.getPropertyValue('--dim'), style.getPropertyValue('--line')];
  const axis: uPlot.Axis = {
    stroke: ink,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1 },
    font: '12px system-ui, sans-serif',
  };
  return {
    ...{ width, height, legend: { show: false }, padding: [8, 20, 0, 0] },
    cursor: { points: { show: series.length < 9 }, drag: { x: false, y: false } },
    axes: [
      { ...axis, values: (_, ticks, __, ___, step) => timeTicks(ticks, step) },
      { ...axis, size: 64, values: (_, ticks) => ticks.map(numberText) },
    ],
    series: [
      {},
      ...series.map(({ target }, index) => ({
        label: target,
        stroke: hueOf(index),
        width: 1.5,
        spanGaps: false,
        ...(series.length === 1 && { fill: `${hueOf(index)}22` }),
      })),
    ],
  };
}

/** Lines over time. Who cannot see them finds the figures in the table that stands with them. */
export function Chart({ series, label, height = 180 }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const names = series.map(({ target }) => target).join('\n');
  // New points of the same series are set below.
  useEffect(() => {
    const element = room.current;
    if (element === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      const width = Math.max(narrowest, element.clientWidth);
      plot.current = new uPlot(optionsOf(series, width, height), drawable(columnsOf(series)), element);
    };
    draw();
    const watch = new ResizeObserver(() => {
      plot.current?.setSize({ width: Math.max(narrowest, element.clientWidth), height });
    });
    watch.observe(element);
    const night = matchMedia('(prefers-color-scheme: dark)');
    night.addEventListener('change', draw);
    return () => {
      night.removeEventListener('change', draw);
      watch.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [names, height]);
  useEffect(() => plot.current?.setData(drawable(columnsOf(series))), [series]);
  return <div class="chart" ref={room} role="img" aria-label={label} />;
}

function drawable(columns: Columns): uPlot.AlignedData {
  return columns as uPlot.AlignedData;
}

/** What the lines of a chart come to, each with its colour. */
export function Figures({ series }: { series: readonly RenderedSeries[] }) {
  const text = (value: number | null): string => (value === null ? '' : numberText(value));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <section class="scrolls" tabIndex={0} aria-label="Figures">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col">Min</th>
            <th scope="col">Max</th>
            <th scope="col">Mean</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {series.map(figuresOf).map(({ target, min, max, mean, last }, index) => (
            <tr key={target}>
              <th scope="row">
                <i class={`hue hue-${(index % hues.length) + 1}`} aria-hidden="true" />
                {target}
              </th>
              <td>{text(min)}</td>
              <td>{text(max)}</td>
              <td>{text(mean)}</td>
              <td>{text(last)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
