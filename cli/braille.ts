import { fitInto, summaryOf, type Values } from './series.ts';

/** Dots of a braille character: bits by column (two) and row (four, from the top). */
const bitOf = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const empty = 0x2800;

/** A grid of dots, two wide and four high in each character. Dots outside are left out. */
export class DotGrid {
  readonly width: number;
  readonly height: number;
  readonly #cells: Uint8Array;

  /** In characters. */
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#cells = new Uint8Array(width * height);
  }

  /** Sets the dot that is `x` dots from the left and `y` from the top. */
  set(x: number, y: number): void {
    if (x < 0 || y < 0 || x >= this.width * 2 || y >= this.height * 4) return;
    this.#cells[(y >> 2) * this.width + (x >> 1)]! |= bitOf[x & 1]![y & 3]!;
  }

  /** Whether a character has a dot. */
  has(column: number, row: number): boolean {
    return this.#cells[row * this.width + column] !== 0;
  }

  /** As braille characters; with `isAscii` as dots high, low or both, for terminals that know no others. */
  lines(isAscii = false): string[] {
    const character = isAscii ? asciiOf : (bits: number) => String.fromCharCode(empty + bits);
    return Array.from({ length: this.height }, (_, row) =>
      Array.from(this.#cells.subarray(row * this.width, (row + 1) * this.width), character).join(''),
    );
  }
}

const upperHalf = 0x01 | 0x02 | 0x08 | 0x10;

function asciiOf(bits: number): string {
  if (bits === 0) return ' ';
  if ((bits & upperHalf) === 0) return '.';
  return (bits & ~upperHalf) === 0 ? "'" : ':';
}

/** How a chart is drawn. */
export interface ChartOptions {
  /** The values at the bottom and at the top; by default the lowest and the highest there are. Others are cut to them. */
  low?: number;
  high?: number;
  /** Everything below the line too. */
  filled?: boolean;
  /** For a terminal that knows no braille. */
  isAscii?: boolean;
}

/** Lines of braille characters, two values wide and four high each, with a line from each value to the next. */
export function brailleChart(
  values: Values,
  width: number,
  height: number,
  options: ChartOptions = {},
): string[] {
  const fitted = fitInto(values, width * 2);
  const summary = summaryOf(fitted) ?? { min: 0, max: 0 };
  const { low = summary.min, high = summary.max } = options;
  const range = high > low ? high - low : 1;
  const bottom = height * 4 - 1;
  const grid = new DotGrid(Math.ceil(fitted.length / 2), height);
  let before: number | null = null;
  fitted.forEach((value, x) => {
    if (value === null) {
      before = null;
      return;
    }
    const share = Math.min(Math.max((value - low) / range, 0), 1);
    const y = bottom - Math.round(share * bottom);
    const from = options.filled === true ? bottom : stepTowards(before ?? y, y);
    for (let dot = Math.min(from, y); dot <= Math.max(from, y); dot += 1) grid.set(x, dot);
    before = y;
  });
  return grid.lines(options.isAscii);
}

/** The end of the line from one value to the next: the dot beside the former one belongs to the next. */
function stepTowards(before: number, y: number): number {
  return before === y ? y : before + Math.sign(y - before);
}

/** The dots of a ring that fills its room: the filled part, clockwise from the top, and a thin line where it is not filled. */
export interface Ring {
  filled: DotGrid;
  rest: DotGrid;
  /** Characters that are free in the middle of the hole. */
  hole: number;
}

/** A ring of `width` by `height` characters, filled to `share` (0 to 1). A dot is as wide as high on most terminals. */
export function brailleRing(width: number, height: number, share: number): Ring {
  const filled = new DotGrid(width, height);
  const rest = new DotGrid(width, height);
  const [middleX, middleY] = [width - 0.5, height * 2 - 0.5];
  const outer = Math.min(width, height * 2) - 0.25;
  const inner = outer * 0.62;
  const line = (outer + inner) / 2;
  for (let y = 0; y < height * 4; y += 1)
    for (let x = 0; x < width * 2; x += 1) {
      const radius = Math.hypot(x - middleX, y - middleY);
      if (radius > outer || radius < inner) continue;
      const turn = (Math.atan2(x - middleX, middleY - y) / (2 * Math.PI) + 1) % 1;
      if (turn < share) filled.set(x, y);
      else if (Math.abs(radius - line) <= 0.5) rest.set(x, y);
    }
  return { filled, rest, hole: Math.max(0, Math.floor(inner) - 1) };
}
