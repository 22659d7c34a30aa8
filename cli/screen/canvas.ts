import { characterWidth, plain } from '../table.ts';

/** Parameters of the escape sequence that turns a style on: `1` for bold, `38;5;12` for a colour of 256; '' for none. */
export type Style = string;

/** The styles that screens use. */
export const styles = {
  none: '',
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
} as const;

/** What stands in a place: a character with its marks; '' behind a wide one. */
interface Cell {
  text: string;
  style: Style;
}

const blank: Cell = { text: ' ', style: '' };
/** The colours and weights that a text of others may have; anything else in escapes is left out. */
const allowedStyle = /^(0?|[12]|[39][0-7]|38;5;\d{1,3})$/;

/** A rectangle of characters. What would be outside is left out. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #rows: Cell[][];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#rows = Array.from({ length: height }, () => new Array<Cell>(width).fill(blank));
  }

  /** Writes one line of text in at most `room` places, and returns how many it took. Control characters are none of it. */
  put(x: number, y: number, text: string, style: Style = '', room: number = this.width): number {
    const row = this.#rows[y];
    if (row === undefined || x < 0) return 0;
    const end = Math.min(this.width, x + room);
    let at = x;
    for (const character of plain(text)) {
      const width = characterWidth(character);
      if (width === 0) {
        const before = at - 1;
        if (before >= x) row[before] = { text: row[before]!.text + character, style: row[before]!.style };
        continue;
      }
      if (at + width > end) break;
      row[at] = { text: character, style };
      if (width === 2) row[at + 1] = { text: '', style };
      at += width;
    }
    return at - x;
  }

  /** Writes one line of text that may bring colours of its own, as escape sequences. */
  putStyled(x: number, y: number, text: string, room: number): void {
    let style: Style = '';
    let used = 0;
    for (const part of text.split(/(\u001b\[[\d;]*m)/)) {
      const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
      if (codes === undefined) used += this.put(x + used, y, part, style, room - used);
      else style = allowedStyle.test(codes) && codes !== '0' ? codes : '';
    }
  }

  /** The lines as text, without blanks at their ends. */
  lines(isColored: boolean): string[] {
    return this.#rows.map((row) => {
      const last = row.findLastIndex(({ text }) => text !== ' ');
      return styled(row.slice(0, last + 1), isColored);
    });
  }

  /**
   * What a terminal that shows `before` must be sent to show this one: the changed places alone, or everything where it shows nothing. Both
   * are of one size.
   */
  difference(before: Canvas | null, isColored: boolean): string {
    let sent = '';
    this.#rows.forEach((row, y) => {
      const old = before === null ? undefined : before.#rows[y];
      const isSame = (x: number): boolean => {
        const [now, then] = [row[x] as Cell, old?.[x] ?? blank];
        return now.text === then.text && (now.style === then.style || !isColored);
      };
      for (let x = 0; x < row.length; ) {
        if (isSame(x)) {
          x += 1;
          continue;
        }
        let end = x + 1;
        while (end < row.length && (!isSame(end) || row[end]!.text === '')) end += 1;
        sent += `\u001b[${y + 1};${x + 1}H${styled(row.slice(x, end), isColored)}`;
        x = end;
      }
    });
    return sent;
  }
}

function styled(cells: Cell[], isColored: boolean): string {
  let text = '';
  let style: Style = '';
  for (const cell of cells) {
    if (isColored && cell.style !== style) {
      text += `\u001b[0${cell.style === '' ? '' : `;${cell.style}`}m`;
      style = cell.style;
    }
    text += cell.text;
  }
  return style === '' ? text : `${text}\u001b[0m`;
}
