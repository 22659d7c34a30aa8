import { escaped, type ShownState } from './shown-state.ts';

const mostLabel = 64;
const height = 20;
const padding = 6;
/** White text on each has a contrast of 4.5 and more (WCAG 2.2 §1.4.3). */
const colours: { [state in ShownState]: string } = {
  ok: '#1a7f37',
  warning: '#9a6700',
  critical: '#cf222e',
  unknown: '#57606a',
  stale: '#57606a',
  pending: '#57606a',
};

/** A picture of a check: its name and its state. The widths of texts are set, so that no font is needed to know them. */
export function badge(name: string, state: ShownState): string {
  const label = [...name].slice(0, mostLabel).join('');
  const [left, right] = [textWidth(label), textWidth(state)];
  const middle = left + 2 * padding;
  const width = middle + right + 2 * padding;
  const text = (at: number, long: number, what: string): string =>
    `<text x="${at}" y="14" textLength="${long}" lengthAdjust="spacingAndGlyphs">${escaped(what)}</text>`;
  const title = escaped(`${label}: ${state}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" aria-label="${title}"><title>${title}</title><rect width="${width}" height="${height}" rx="3" fill="#24292f"/><path d="M${middle} 0h${width - middle - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-${width - middle - 3}z" fill="${colours[state]}"/><g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${text(padding, left, label)}${text(middle + padding, right, state)}</g></svg>
`;
}

/** About what a text of 11 px takes, in px. */
function textWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width += /[fijlrtI1.,:;'|! ]/.test(character) ? 4.5 : /[mwMW@]/.test(character) ? 10 : 7;
  return Math.max(1, Math.round(width));
}
