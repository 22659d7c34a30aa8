import { brailleChart, brailleRing } from '../braille.ts';
import { type Canvas, type Style, styles } from '../screen/canvas.ts';
import { summaryOf, type Values } from '../series.ts';
import { textWidth } from '../table.ts';
import type { Dashboard, Widget } from './content.ts';
import { type Area, type Placed, placeWidgets } from './layout.ts';
import {
  amountText,
  type Level,
  levelOf,
  type Reading,
  type Readings,
  type Shown,
  scaleText,
  shareOf,
} from './reading.ts';
import { plainLines } from './text.ts';

const levelStyles: { [level in Level]: Style } = {
  none: styles.cyan,
  ok: styles.green,
  warning: styles.yellow,
  critical: styles.red,
};
const marks: { [level in Level]: string } = { none: '', ok: '', warning: ' !', critical: ' !!' };
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Draws a dashboard and, in the last line, `footer`. Where there is no room for frames each widget has a line. */
export function drawDashboard(
  canvas: Canvas,
  dashboard: Dashboard,
  readings: Readings,
  footer: { text: string; style: Style },
): void {
  const height = Math.max(0, canvas.height - 1);
  const linesOf = (widget: Widget): number => textLines(readings.get(widget)?.reading).length;
  const area = { x: 0, y: 0, width: canvas.width, height };
  const places = placeWidgets(dashboard.content, area, linesOf);
  if (places === null) drawLines(canvas, plainLines(dashboard, readings), height);
  else for (const place of places) drawWidget(canvas, place, readings.get(place.widget));
  canvas.put(0, height, footer.text, footer.style);
}

/** As many lines as there is room for; the last one tells how many more there are. */
function drawLines(canvas: Canvas, lines: readonly string[], height: number): void {
  const isCut = lines.length > height;
  const shown = isCut ? lines.slice(0, Math.max(0, height - 1)) : lines;
  shown.forEach((line, y) => {
    canvas.putStyled(0, y, line, canvas.width);
  });
  if (isCut) canvas.put(0, height - 1, `… ${lines.length - shown.length} more`, styles.dim);
}

function drawWidget(canvas: Canvas, { widget, area }: Placed, shown: Shown | undefined): void {
  const level = levelOf(widget, shown?.reading.number ?? null);
  drawFrame(canvas, area, titleOf(widget, shown?.reading, area.width - 4));
  const inside = { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 };
  if (shown === undefined || inside.width < 1 || inside.height < 1) return;
  const { reading, values } = shown;
  if (reading.error !== null) canvas.put(inside.x, inside.y, reading.error, styles.red, inside.width);
  else if (reading.missing.length > 0 && reading.text === '')
    canvas.put(inside.x, inside.y, `no ${reading.missing.join(', ')}`, styles.dim, inside.width);
  else if (widget.kind === 'text') drawText(canvas, inside, textLines(reading));
  else if (widget.kind === 'horizontal_chart') drawChart(canvas, inside, widget, values, levelStyles[level]);
  else if (widget.kind === 'donut') drawDonut(canvas, inside, widget, reading, levelStyles[level]);
  else drawGauge(canvas, inside, shareOf(widget, reading.number), levelStyles[level]);
}

/** `CPU: 42 %`, with a mark where that is too much; of a text its title alone. The name is cut, never the value. */
function titleOf(widget: Widget, reading: Reading | undefined, room: number): string {
  if (widget.kind === 'text') return cutTo(widget.title, room);
  const number = reading?.number ?? null;
  const amount = `${amountText(number, widget.unit)}${marks[levelOf(widget, number)]}`;
  return widget.title === '' ? amount : `${cutTo(widget.title, room - amount.length - 2)}: ${amount}`;
}

function cutTo(text: string, room: number): string {
  return textWidth(text) > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
}

function textLines(reading: Reading | undefined): string[] {
  return reading === undefined ? [] : reading.text.trimEnd().split('\n');
}

function drawFrame(canvas: Canvas, { x, y, width, height }: Area, title: string): void {
  const right = x + width - 1;
  canvas.put(x, y, `╭${'─'.repeat(width - 2)}╮`, styles.dim);
  for (let row = y + 1; row < y + height - 1; row += 1) {
    canvas.put(x, row, '│', styles.dim);
    canvas.put(right, row, '│', styles.dim);
  }
  canvas.put(x, y + height - 1, `╰${'─'.repeat(width - 2)}╯`, styles.dim);
  if (title === '') return;
  const used = canvas.put(x + 1, y, ` ${title}`, styles.bold, width - 3);
  canvas.put(x + 1 + used, y, ' ', '', 1);
}

function drawText(canvas: Canvas, area: Area, lines: readonly string[]): void {
  const isCut = lines.length > area.height;
  const shown = isCut ? lines.slice(0, area.height - 1) : lines;
  shown.forEach((line, row) => {
    canvas.putStyled(area.x, area.y + row, line, area.width);
  });
  if (isCut)
    canvas.put(
      area.x,
      area.y + area.height - 1,
      `… ${lines.length - shown.length} more`,
      styles.dim,
      area.width,
    );
}

function drawGauge(canvas: Canvas, { x, y, width, height }: Area, share: number, style: Style): void {
  const filled = Math.floor(share * width);
  const rest = filled < width ? (eighths[Math.floor((share * width - filled) * 8)] as string) : '';
  const bar = '█'.repeat(filled) + rest;
  for (let row = y; row < y + height; row += 1) {
    canvas.put(x, row, bar, style, width);
    canvas.put(x + bar.length, row, '░'.repeat(width - bar.length), styles.dim, width);
  }
}

function drawDonut(canvas: Canvas, area: Area, widget: Widget, reading: Reading, style: Style): void {
  // A ring that is as wide as high leaves the rest of its room free.
  const width = Math.min(area.width, area.height * 2);
  const height = Math.min(area.height, Math.ceil(width / 2));
  const left = area.x + Math.floor((area.width - width) / 2);
  const top = area.y + Math.floor((area.height - height) / 2);
  const { filled, rest, hole } = brailleRing(width, height, shareOf(widget, reading.number));
  const [full, thin] = [filled.lines(), rest.lines()];
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      if (filled.has(column, row)) canvas.put(left + column, top + row, full[row]![column]!, style, 1);
      else if (rest.has(column, row))
        canvas.put(left + column, top + row, thin[row]![column]!, styles.dim, 1);
  const label = reading.number === null ? '-' : String(Math.round(reading.number));
  if (label.length <= hole)
    canvas.put(
      left + Math.floor((width - label.length) / 2),
      top + Math.floor((height - 1) / 2),
      label,
      styles.bold,
    );
}

/** The newest value is at the right; what happened before the left edge is not shown. */
function drawChart(canvas: Canvas, area: Area, widget: Widget, values: Values, style: Style): void {
  const { low, high } = boundsOf(widget, values);
  const labels = [scaleText(high, widget.unit), scaleText(low, widget.unit)];
  const margin = Math.max(...labels.map(({ length }) => length));
  const width = area.width - margin - 1;
  if (width < 1) return;
  const recent = values.slice(-width * 2);
  const before = new Array<null>(width * 2 - recent.length).fill(null);
  const chart = brailleChart([...before, ...recent], width, area.height, { low, high, filled: true });
  chart.forEach((line, row) => {
    canvas.put(area.x + margin + 1, area.y + row, line.replaceAll('\u2800', ' '), style, width);
  });
  canvas.put(area.x, area.y, labels[0]!.padStart(margin), styles.dim);
  if (area.height > 1) canvas.put(area.x, area.y + area.height - 1, labels[1]!.padStart(margin), styles.dim);
}

/** What a chart's lowest and highest line stand for: 0 to 100 of a percentage, else what there is, with 0. */
function boundsOf({ unit, max }: Widget, values: Values): { low: number; high: number } {
  if (unit === '%') return { low: 0, high: max ?? 100 };
  const summary = summaryOf(values) ?? { min: 0, max: 0 };
  const [low, top] = [Math.min(0, summary.min), Math.max(0, summary.max)];
  const high = max ?? (top > low ? top : low + 1);
  return { low, high };
}
