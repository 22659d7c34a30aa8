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
  /** Of the last column: no text is cut; one that does not fit goes on lines of its own. */
  whole?: boolean;
}

/** A column with its cells' texts and the width it is drawn at. */
interface Drawn<Row> {
  column: Column<Row>;
  texts: string[];
  width: number;
}

/** The least room in which the last column stays beside the others. */
const lastRoom = 20;
const leastWidth = 8;
const gap = '  ';

/**
 * Draws rows as aligned columns with a dim title line, whole when there is no limit to `room`. At a terminal's no row wraps in its middle: when
 * it is too narrow, columns in which no row has anything are left out; then a text in the last column is cut, or goes on lines of its own
 * where less than 20 characters remain; then the widest text is cut.
 */
export function renderTable<Row>(columns: Column<Row>[], rows: Row[], paint: Paint, room: number): string {
  const all = columns.map((column): Drawn<Row> => {
    const texts = rows.map((row) => plain(column.text(row)));
    return { column, texts, width: Math.max(...[column.title, ...texts].map(textWidth)) };
  });
  const { beside, below } = arrange(all, room);
  const lines = [rowText(beside, ({ column }) => [column.title, paint.dim])];
  rows.forEach((row, at) => {
    const paintOf =
      ({ column }: Drawn<Row>) =>
      (text: string) =>
        column.paint?.(text, row) ?? text;
    lines.push(rowText(beside, (one) => [one.texts[at] ?? '', paintOf(one)]));
    const more = below?.texts[at] ?? '';
    if (below !== undefined && more !== '') lines.push(...wrapText(more, room, '    ').map(paintOf(below)));
  });
  return lines.join('\n');
}

/** What is drawn side by side, and what below each row. */
function arrange<Row>(all: Drawn<Row>[], room: number): { beside: Drawn<Row>[]; below?: Drawn<Row> } {
  if (lineWidth(all) <= room) return { beside: all };
  const filled = all.filter(({ texts }, at) => at === 0 || texts.some((text) => text !== '' && text !== '-'));
  const others = filled.slice(0, -1);
  const last = filled.at(-1) as Drawn<Row>;
  if (lineWidth(filled) <= room || others.length === 0 || last.column.align === 'right')
    return { beside: shrunk(filled, room) };
  const left = room - lineWidth(others) - gap.length;
  if (left >= lastRoom && last.column.whole === true) return parted(others, last, left);
  if (left >= lastRoom) return { beside: [...others, { ...last, width: left }] };
  return { beside: shrunk(others, room), below: last };
}

/** What fits in the last column stays in it, and the rest goes below. */
function parted<Row>(
  others: Drawn<Row>[],
  last: Drawn<Row>,
  width: number,
): { beside: Drawn<Row>[]; below: Drawn<Row> } {
  const of = (wanted: boolean): string[] =>
    last.texts.map((text) => (textWidth(text) <= width === wanted ? text : ''));
  return { beside: [...others, { ...last, texts: of(true), width }], below: { ...last, texts: of(false) } };
}

/** Cuts the widest text. */
function shrunk<Row>(drawn: Drawn<Row>[], room: number): Drawn<Row>[] {
  const excess = Math.max(0, lineWidth(drawn) - room);
  const texts = drawn.filter(({ column }) => column.align !== 'right');
  const [widest] = texts.sort((left, right) => right.width - left.width);
  return drawn.map((one) =>
    one === widest ? { ...one, width: Math.max(leastWidth, one.width - excess) } : one,
  );
}

function lineWidth(drawn: Drawn<never>[]): number {
  return drawn.reduce((sum, { width }) => sum + width + gap.length, -gap.length);
}

function rowText<Row>(
  drawn: Drawn<Row>[],
  cell: (one: Drawn<Row>) => [text: string, paint: (text: string) => string],
): string {
  const parts = drawn.map((one, index) => {
    const [text, paint] = cell(one);
    const shown = textWidth(text) > one.width ? `${text.slice(0, one.width - 1)}…` : text;
    const blanks = ' '.repeat(Math.max(0, one.width - textWidth(shown)));
    if (one.column.align === 'right') return blanks + paint(shown);
    return index === drawn.length - 1 ? paint(shown) : paint(shown) + blanks;
  });
  return parts.join(gap).trimEnd();
}

/** `head` and `text` side by side, lines of at most `room` characters; what follows the first is indented to where the text begins. */
export function hangText(head: string, text: string, room: number, paint: (text: string) => string): string {
  const indent = ' '.repeat(textWidth(head));
  const [first = '', ...more] = wrapText(text, room, indent);
  return [head + paint(first.slice(indent.length)), ...more.map(paint)].join('\n');
}

/** Lines of a text of at most `room` characters between words, each indented; a longer word is left whole. */
function wrapText(text: string, room: number, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const longer = line.trim() === '' ? line + word : `${line} ${word}`;
    if (line.trim() !== '' && textWidth(longer) > room) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line];
}

/** Text as a terminal may safely show it: no escape sequences, nothing that reorders it, line ends and other control characters as spaces. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g,
    ' ',
  );
}

/** A line of somebody's code as a terminal may show it: what would hide or reorder the rest is spelled out. */
export function visible(line: string): string {
  return line
    .replaceAll('\t', '  ')
    .replace(
      /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
      (character) => {
        const point = character.codePointAt(0) ?? 0;
        return `\\u{${point.toString(16)}}`;
      },
    );
}

/** Places that a text takes on a terminal. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Places that a character takes: none for a mark that goes on the one before it. */
export function characterWidth(character: string): 0 | 1 | 2 {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x300) return 1;
  if (isWide(point)) return 2;
  return /^[\p{Mn}\p{Me}\u200b-\u200f\u2060\ufeff]$/u.test(character) ? 0 : 1;
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
