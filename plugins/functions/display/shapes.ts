const lines = 6;
const columns = 12;
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A ring of six lines and twelve columns, filled clockwise from the top to `percent` (0 to 100). */
export function donut(percent: number): string {
  const share = Math.min(Math.max(percent, 0), 100) / 100;
  const rows = Array.from({ length: lines }, (_, line) =>
    Array.from({ length: columns }, (_, column) => cell(line, column, share))
      .join('')
      .trimEnd(),
  );
  return rows.join('\n');
}

function cell(line: number, column: number, share: number): string {
  // A terminal's cell is about twice as high as wide, so both axes span -1 to 1.
  const x = (column + 0.5) / (columns / 2) - 1;
  const y = (line + 0.5) / (lines / 2) - 1;
  const radius = Math.hypot(x, y);
  if (radius > 1.05 || radius < 0.45) return ' ';
  const turn = (Math.atan2(x, -y) / (2 * Math.PI) + 1) % 1;
  return turn < share ? '█' : '░';
}

/** A bar of `width` cells; a value up to 1 is a share, a larger one a percentage. */
export function horizontalBar(value: number, width: number): string {
  const share = Math.min(Math.max(value > 1 ? value / 100 : value, 0), 1);
  const filled = Math.floor(share * width);
  const rest = filled < width ? (eighths[Math.floor((share * width - filled) * 8)] as string) : '';
  return '█'.repeat(filled) + rest + '░'.repeat(width - filled - rest.length);
}
