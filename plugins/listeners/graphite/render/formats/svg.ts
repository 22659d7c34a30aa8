import type { Series } from '../series/series.ts';
import { axes } from './svg-axes.ts';
import { curves } from './svg-curves.ts';
import { type Layout, layoutOf } from './svg-layout.ts';
import { legend } from './svg-legend.ts';
import type { GraphOptions } from './svg-options.ts';
import { escaped } from './svg-text.ts';

/** A graph of series as an SVG image: title, axes, curves and a legend. Names are text in it, whatever they hold. */
export function svgOf(list: readonly Series[], options: GraphOptions): string {
  const layout = layoutOf(list, options);
  const { width, height, background, foreground, fontSize } = options;
  const title = options.title === '' ? '' : titleText(options, layout);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="${fontSize}" role="img">`,
    `<title>${escaped(
      options.title === ''
        ? list
            .map(({ name }) => name)
            .join(', ')
            .slice(0, 500)
        : options.title,
    )}</title>`,
    `<rect width="${width}" height="${height}" fill="${background}"/>`,
    list.length === 0 ? noData(options) : '',
    `<g fill="${foreground}">`,
    title,
    axes(layout, options),
    '</g>',
    curves(layout, options),
    legend(layout, options),
    '</svg>\n',
  ].join('');
}

function titleText({ title, width, fontSize }: GraphOptions, { top }: Layout): string {
  const size = fontSize * 1.3;
  return `<text x="${width / 2}" y="${Math.max(size, top - fontSize)}" text-anchor="middle" font-size="${size}">${escaped(title)}</text>`;
}

function noData({ width, height, foreground }: GraphOptions): string {
  return `<text x="${width / 2}" y="${height / 2}" text-anchor="middle" fill="${foreground}">No data</text>`;
}
