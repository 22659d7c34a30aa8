import type { Layout } from './svg-layout.ts';
import type { GraphOptions } from './svg-options.ts';
import { escaped, place, shortened } from './svg-text.ts';

/** Names beside their colours, below the graph; of more than fit, how many are left out. */
export function legend({ curves, legendRows, left }: Layout, options: GraphOptions): string {
  const { width, height, fontSize, foreground } = options;
  const visible = curves.filter(({ series }) => series.drawing.invisible !== true);
  const isOver = visible.length > legendRows;
  const shown = visible.slice(0, isOver ? Math.max(0, legendRows - 1) : legendRows);
  const row = fontSize * 1.5;
  const topOf = (index: number): number => height - (legendRows - index) * row;
  const most = (width - left) / (fontSize * 0.55);
  const names = shown.map(({ series, color }, index) => {
    const y = topOf(index);
    return (
      `<rect x="${place(left)}" y="${place(y)}" width="${fontSize}" height="${place(fontSize * 0.8)}" fill="${color}"/>` +
      `<text x="${place(left + fontSize * 1.5)}" y="${place(y + fontSize * 0.8)}">${escaped(shortened(series.name, most))}</text>`
    );
  });
  if (legendRows > 0 && isOver)
    names.push(
      `<text x="${place(left)}" y="${place(topOf(legendRows - 1) + fontSize * 0.8)}">and ${visible.length - shown.length} more</text>`,
    );
  return `<g fill="${foreground}">${names.join('')}</g>`;
}
