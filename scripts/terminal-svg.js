// Draws coloured terminal output as an SVG of text: `script -qec 'opsbro agent info' /dev/null | node scripts/terminal-svg.js TITLE > docs/agent-info.svg`. Of a live
// screen that ends by itself it draws the last picture.
import { readFileSync } from 'node:fs';

const columnWidth = 8.4;
const lineHeight = 18;
const margin = 16;
const titleHeight = 34;
const colors = {
  31: '#ff7b72',
  32: '#56d364',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  90: '#8b949e',
};

const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Runs of text with one style each, from a line with SGR escapes. */
function runs(line) {
  const found = [];
  let style = { bold: false, dim: false, color: '' };
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    const codes = /^\x1b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes === undefined) {
      if (part !== '') found.push({ text: part, ...style });
      continue;
    }
    for (const code of (codes || '0').split(';').map(Number)) style = next(style, code);
  }
  return found;
}

function next(style, code) {
  if (code === 0) return { bold: false, dim: false, color: '' };
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, color: '' };
  return colors[code] ? { ...style, color: colors[code] } : style;
}

function drawLine(line, row) {
  let column = 0;
  const spans = runs(line).map(({ text, bold, dim, color }) => {
    const fill = color || (dim ? colors[90] : '');
    const place = `x="${rounded(margin + column * columnWidth)}"`;
    const length = [...text].length;
    column += length;
    // Fonts that lack dots and blocks borrow them from one of another width.
    const isBorrowed = /[\u2500-\u259f\u2800-\u28ff]/.test(text);
    const room = isBorrowed
      ? ` textLength="${rounded(length * columnWidth)}" lengthAdjust="spacingAndGlyphs"`
      : '';
    return `<tspan ${place}${room}${fill ? ` fill="${fill}"` : ''}${bold ? ' font-weight="bold"' : ''}>${escapeXml(text)}</tspan>`;
  });
  return `<text y="${titleHeight + margin + row * lineHeight}" xml:space="preserve">${spans.join('')}</text>`;
}

const rounded = (number) => Math.round(number * 10) / 10;

/** The last picture of a screen that is drawn by moving the cursor, as lines; any other output as it is. */
function linesOf(output) {
  const screen = /\x1b\[\?1049h.*\x1b\[2J(.*?)\x1b\[0m(?:\x1b\[\?\d+[hl])+/s.exec(output)?.[1];
  if (screen === undefined) return output.replaceAll('\r', '').trimEnd().split('\n');
  const rows = [];
  for (const [, row, column, text] of screen.matchAll(/\x1b\[(\d+);(\d+)H((?:\x1b\[[\d;]*m|[^\x1b])*)/g)) {
    const before = rows[row - 1] ?? '';
    const shown = [...before.replaceAll(/\x1b\[[\d;]*m/g, '')].length;
    rows[row - 1] = before + ' '.repeat(Math.max(0, column - 1 - shown)) + text;
  }
  return Array.from(rows, (row) => row ?? '');
}

const lines = linesOf(readFileSync(0, 'utf8'));
const plain = lines.map((line) => line.replaceAll(/\x1b\[[\d;]*m/g, ''));
const width = Math.ceil(Math.max(...plain.map((line) => [...line].length), 60) * columnWidth) + 2 * margin;
const height = titleHeight + 2 * margin + (lines.length - 1) * lineHeight;
const title = escapeXml(process.argv[2] ?? '');
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="20" cy="17" r="6" fill="#ff5f56"/><circle cx="40" cy="17" r="6" fill="#ffbd2e"/><circle cx="60" cy="17" r="6" fill="#27c93f"/>
<text x="${width / 2}" y="22" text-anchor="middle" fill="#8b949e" font-family="sans-serif" font-size="13">${title}</text>
<g fill="#c9d1d9" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${lines.map(drawLine).join('\n')}
</g>
</svg>
`);
