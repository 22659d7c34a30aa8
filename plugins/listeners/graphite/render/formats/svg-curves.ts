import type { Curve, Layout } from './svg-layout.ts';
import type { GraphOptions, LineMode } from './svg-options.ts';
import { place } from './svg-text.ts';

/** The curves themselves: areas first, so that lines are seen. */
export function curves(layout: Layout, options: GraphOptions): string {
  const visible = layout.curves.filter(({ series }) => series.drawing.invisible !== true);
  const areas = visible.filter(({ isArea, series }) => isArea && series.drawing.infinite !== true);
  return [
    ...areas.map((curve) => area(curve, layout, options)),
    ...visible.map((curve) =>
      curve.series.drawing.infinite === true ? verticals(curve, layout) : line(curve, layout, options),
    ),
  ].join('');
}

function line(curve: Curve, layout: Layout, options: GraphOptions): string {
  const { drawing } = curve.series;
  const path = runs(curve, options.lineMode).map((run) => outline(run, curve, layout, options.lineMode));
  if (path.length === 0) return '';
  const dash = drawing.dash === undefined || !(drawing.dash > 0) ? '' : ` stroke-dasharray="${drawing.dash}"`;
  const width =
    drawing.lineWidth === undefined || !(drawing.lineWidth > 0) ? options.lineWidth : drawing.lineWidth;
  return `<path d="${path.join('')}" fill="none" stroke="${curve.color}" stroke-width="${Math.min(width, 50)}" stroke-linejoin="round" stroke-linecap="round"${dash}${opacity('stroke', drawing.alpha)}/>`;
}

function area(curve: Curve, layout: Layout, options: GraphOptions): string {
  const isSecond = curve.series.drawing.secondAxis === true;
  const zero = layout.y(0, isSecond);
  const path = runs(curve, options.lineMode).map((run) => {
    const first = run[0]!;
    const last = run.at(-1)!;
    const end = last + (options.lineMode === 'staircase' ? 1 : 0);
    const x = (index: number): string => place(layout.x(curve.start + index * curve.step));
    const floor =
      curve.floor === undefined
        ? `L${x(end)} ${place(zero)}L${x(first)} ${place(zero)}`
        : run
            .toReversed()
            .map((index) => `L${x(index)} ${place(layout.y(curve.floor![index] || 0, isSecond))}`)
            .join('');
    return `${outline(run, curve, layout, options.lineMode)}${floor}Z`;
  });
  const { alpha } = curve.series.drawing;
  return path.length === 0
    ? ''
    : `<path d="${path.join('')}" fill="${curve.color}"${opacity('fill', alpha ?? options.areaAlpha)}/>`;
}

function opacity(what: string, alpha: number | undefined): string {
  return alpha === undefined || !(alpha >= 0 && alpha <= 1) ? '' : ` ${what}-opacity="${alpha}"`;
}

/** Indices of values that are joined without a gap; a connected line has no gaps. */
function runs({ values }: Curve, mode: LineMode): number[][] {
  const found: number[][] = [];
  let run: number[] = [];
  for (const [index, value] of values.entries()) {
    if (Number.isFinite(value)) run.push(index);
    else if (mode !== 'connected' && run.length > 0) {
      found.push(run);
      run = [];
    }
  }
  return run.length > 0 ? [...found, run] : found;
}

function outline(run: number[], curve: Curve, layout: Layout, mode: LineMode): string {
  const isSecond = curve.series.drawing.secondAxis === true;
  const x = (index: number): string => place(layout.x(curve.start + index * curve.step));
  const y = (index: number): string => place(layout.y(curve.values[index]!, isSecond));
  const first = run[0]!;
  let path = `M${x(first)} ${y(first)}`;
  for (const index of run.slice(1))
    path += mode === 'staircase' ? `H${x(index)}V${y(index)}` : `L${x(index)} ${y(index)}`;
  if (mode === 'staircase') return `${path}H${x(run.at(-1)! + 1)}`;
  // A point alone would not be seen.
  return run.length === 1 ? `${path}h0.1` : path;
}

function verticals(curve: Curve, { x, top, bottom }: Layout): string {
  const lines = Array.from(curve.values, (value, index) =>
    value > 0 ? `M${place(x(curve.start + index * curve.step))} ${place(top)}V${place(bottom)}` : '',
  );
  return `<path d="${lines.join('')}" fill="none" stroke="${curve.color}"/>`;
}
