const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A text in a colour of the 64; as it is without one. */
export function colored(text: string, color: number): string {
  return color === 0 || text === '' ? text : `\x1b[38;5;${color}m${text}\x1b[0m`;
}

/** A ring of so many lines and twice as many columns, filled clockwise from the top to `percent` (0 to 100), what is filled in `color`. */
export function donut(percent: number, lines: number, color: number): string {
  const share = Math.min(Math.max(percent, 0), 100) / 100;
  const rows = Array.from({ length: lines }, (_, line) =>
    Array.from({ length: lines * 2 }, (_, column) => cell(line, column, lines, share))
      .join('')
      .trimEnd(),
  );
  return rows.map((row) => row.replace(/█+/g, (filled) => colored(filled, color))).join('\n');
}

function cell(line: number, column: number, lines: number, share: number): string {
  // A terminal's cell is about twice as high as wide, so both axes span -1 to 1.
  const x = (column + 0.5) / lines - 1;
  const y = (line + 0.5) / (lines / 2) - 1;
  const radius = Math.hypot(x, y);
  if (radius > 1.05 || radius < 0.45) return ' ';
  const turn = (Math.atan2(x, -y) / (2 * Math.PI) + 1) % 1;
  return turn < share ? '█' : '░';
}

/** A bar of `width` cells, what is filled in `color`; a value up to 1 is a share, a larger one a percentage. */
export function horizontalBar(value: number, width: number, color: number): string {
  const share = Math.min(Math.max(value > 1 ? value / 100 : value, 0), 1);
  const filled = Math.floor(share * width);
  const rest = filled < width ? (eighths[Math.floor((share * width - filled) * 8)] as string) : '';
  return colored('█'.repeat(filled) + rest, color) + '░'.repeat(width - filled - rest.length);
}
