import { summaryOf } from '../series.ts';
import { plain, textWidth } from '../table.ts';
import type { Dashboard, Widget } from './content.ts';
import { amountText, levelOf, type Readings, type Shown, scaleText, shareOf } from './reading.ts';

const barWidth = 20;
const words = { none: '', ok: '', warning: '  warning', critical: '  critical' } as const;

/** A dashboard as lines of text that every terminal and every file can hold: a widget a line, of a text its lines. */
export function plainText(dashboard: Dashboard, readings: Readings): string {
  return [plain(dashboard.title), ...plainLines(dashboard, readings).map((line) => `  ${line}`)].join('\n');
}

/** The lines below the title. */
export function plainLines(dashboard: Dashboard, readings: Readings): string[] {
  const margin = Math.max(0, ...dashboard.widgets.map(({ title }) => textWidth(plain(title))));
  return dashboard.widgets.flatMap((widget) => {
    const [first = '', ...more] = valueLines(widget, readings.get(widget));
    const title = plain(widget.title);
    const head = title + ' '.repeat(margin - textWidth(title));
    return [`${head}  ${first}`.trimEnd(), ...more.map((line) => `${' '.repeat(margin)}  ${line}`.trimEnd())];
  });
}

function valueLines(widget: Widget, shown: Shown | undefined): string[] {
  if (shown === undefined) return ['-'];
  const { reading, values } = shown;
  if (reading.error !== null) return [plain(reading.error)];
  if (reading.missing.length > 0 && reading.text === '')
    return [plain(`- (no ${reading.missing.join(', ')})`)];
  if (widget.kind === 'text') return reading.text.trimEnd().split('\n').map(plain);
  const amount = amountText(reading.number, widget.unit);
  const level = words[levelOf(widget, reading.number)];
  if (widget.kind !== 'horizontal_chart')
    return [`${bar(shareOf(widget, reading.number))}  ${amount}${level}`];
  const summary = summaryOf(values);
  const isMany = values.filter((value) => value !== null).length > 1;
  const range = (of: 'min' | 'max'): string => scaleText(summary?.[of] ?? 0, widget.unit);
  return [`${amount}${isMany ? ` (${range('min')} to ${range('max')})` : ''}${level}`];
}

function bar(share: number): string {
  const filled = Math.round(share * barWidth);
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
}
