import { stripVTControlCharacters } from 'node:util';
import type { Paint } from './paint.ts';

/** One column of a table. */
export interface Column<Row> {
  title: string;
  /** The cell's text, without colour. Control characters are made visible before it is printed. */
  text: (row: Row) => string;
  /** Colours the cell; called with its final text. */
  paint?: (text: string, row: Row) => string;
  align?: 'left' | 'right';
}

/**
 * Draws rows as aligned columns with a dim title line. The last column is cut at `width` characters when given (a terminal's), so no
 * row wraps; null leaves it whole.
 */
export function renderTable<Row>(
  columns: Column<Row>[],
  rows: Row[],
  paint: Paint,
  width: number | null,
): string {
  const cells = rows.map((row) => columns.map((column) => plain(column.text(row))));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => textWidth(line[index] ?? ''))),
  );
  const lines = [
    layOut(
      columns.map((column) => column.title),
      columns,
      widths,
      width,
      (text) => paint.dim(text),
    ),
  ];
  cells.forEach((line, at) => {
    const row = rows[at] as Row;
    lines.push(
      layOut(line, columns, widths, width, (text, index) => columns[index]?.paint?.(text, row) ?? text),
    );
  });
  return lines.join('\n');
}

function layOut(
  line: string[],
  columns: { align?: 'left' | 'right' }[],
  widths: number[],
  width: number | null,
  paint: (text: string, index: number) => string,
): string {
  let used = 0;
  const parts = line.map((text, index) => {
    const last = index === line.length - 1;
    const room = last && width !== null ? Math.max(8, width - used) : Number.POSITIVE_INFINITY;
    const shown = textWidth(text) > room ? `${text.slice(0, room - 1)}…` : text;
    const gap = ' '.repeat(Math.max(0, (widths[index] ?? 0) - textWidth(shown)));
    used += (widths[index] ?? 0) + 2;
    if (columns[index]?.align === 'right') return gap + paint(shown, index);
    return last ? paint(shown, index) : paint(shown, index) + gap;
  });
  return parts.join('  ').trimEnd();
}

/** Text as a terminal may safely show it: no escape sequences, line ends and other control characters as spaces. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
}

function isWide(point: number): boolean {
  return (
    (point >= 0x1100 && point <= 0x115f) ||
    (point >= 0x2e80 && point <= 0xa4cf) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xff00 && point <= 0xff60) ||
    (point >= 0x1f300 && point <= 0x1faff)
  );
}
