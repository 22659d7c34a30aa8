import { parseNumber, parseRange, type Range } from 'opsbro/sdk';

/** One figure of a plugin: `'label'=value[unit];[warn];[crit];[min];[max]`. */
export interface Perfdatum {
  label: string;
  /** null where the plugin could not tell (`U`). */
  value: number | null;
  /** As written: `s`, `us`, `ms`, `ns`, `%`, `B`, `KB`, `KiB` …, `c` for a counter that only grows; '' for a count of things. */
  unit: string;
  warn: Range | null;
  crit: Range | null;
  min: number | null;
  max: number | null;
}

const space = /\s/;
/** What plugins print that could not measure: `U` of the guidelines, and what C prints of 0/0. */
const undetermined = /^(?:U|[-+]?(?:nan|inf|infinity))(?=;|$)/i;

/**
 * Reads one line of performance data. What is none is left out and never hides what stands behind it; a label with spaces and no quotes
 * is taken as it stands. Total, in linear time.
 */
export function parsePerfdata(line: string): Perfdatum[] {
  const found: Perfdatum[] = [];
  let at = 0;
  while (at < line.length) {
    if (space.test(line[at] as string)) at += 1;
    else {
      const { label, end } = labelAt(line, at);
      if (end === -1) break;
      at = wordEnd(line, end + 1);
      const figure = line.slice(end + 1, at).replace(/,$/, '');
      const datum = label === '' ? undefined : parseFigure(label, figure);
      if (datum !== undefined) found.push(datum);
    }
  }
  return found;
}

/** The label that starts here and where its `=` stands; -1 when there is none. */
function labelAt(line: string, start: number): { label: string; end: number } {
  if (line[start] === "'") {
    const close = closingQuote(line, start + 1);
    if (line[close + 1] === '=')
      return { label: line.slice(start + 1, close).replaceAll("''", "'"), end: close + 1 };
  }
  const end = line.indexOf('=', start);
  // A plugin that wraps another's output writes a second bar; no label starts with what is before it.
  const words = line.slice(start, Math.max(start, end)).split('|').at(-1) ?? '';
  return { label: words.trim().replace(/^'(.*)'$/s, '$1'), end };
}

/** Where the quote stands that is not doubled; the line's length when none does. */
function closingQuote(line: string, from: number): number {
  let at = line.indexOf("'", from);
  while (at !== -1 && line[at + 1] === "'") at = line.indexOf("'", at + 2);
  return at === -1 ? line.length : at;
}

function wordEnd(line: string, from: number): number {
  let end = from;
  while (end < line.length && !space.test(line[end] as string)) end += 1;
  return end;
}

function parseFigure(label: string, text: string): Perfdatum | undefined {
  const [written = '', warn = '', crit = '', min = '', max = ''] = text.split(';', 5);
  const isUndetermined = undetermined.test(text);
  const quantity = isUndetermined ? { value: null, unit: '' } : parseNumber(written);
  if (quantity === undefined) return undefined;
  return {
    label,
    ...quantity,
    warn: parseRange(warn),
    crit: parseRange(crit),
    min: parseNumber(min)?.value ?? null,
    max: parseNumber(max)?.value ?? null,
  };
}
