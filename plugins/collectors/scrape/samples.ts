/** One line of an exporter's text. */
export interface Sample {
  name: string;
  /** As `k=v,k=v`, sorted; empty for none. */
  labels: string;
  value: number;
}

const maxLabelChars = 1024;
const nameEnd = /[^a-zA-Z0-9_:]/g;

/**
 * Reads a line of the text format 0.0.4 or of OpenMetrics. Undefined for a comment and an empty line, null for what is no sample. A value that is
 * no finite number is no sample either. Total, in linear time.
 */
export function readSample(line: string): Sample | null | undefined {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  nameEnd.lastIndex = 0;
  const end = nameEnd.exec(text)?.index ?? text.length;
  const name = text.slice(0, end);
  if (name === '' || /^\d/.test(name)) return null;
  let at = end;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  let labels = '';
  if (text[at] === '{') {
    const read = readLabels(text, at + 1);
    if (read === undefined) return null;
    labels = read.labels;
    at = read.end;
  }
  const [written = '', ...more] = text.slice(at).trim().split(/\s+/);
  // A timestamp may follow, and an exemplar behind `#`.
  if (more.length > 1 && more[0] !== '#' && more[1] !== '#') return null;
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(written) ? Number(written) : Number.NaN;
  return Number.isFinite(value) ? { name, labels, value } : null;
}

function readLabels(text: string, from: number): { labels: string; end: number } | undefined {
  const pairs: [string, string][] = [];
  let at = from;
  for (;;) {
    while (text[at] === ' ' || text[at] === ',') at += 1;
    if (text[at] === '}') break;
    const equals = text.indexOf('=', at);
    const label = equals === -1 ? '' : text.slice(at, equals).trim();
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) return undefined;
    at = equals + 1;
    while (text[at] === ' ') at += 1;
    if (text[at] !== '"') return undefined;
    const value = readText(text, at + 1);
    if (value === undefined) return undefined;
    pairs.push([label, value.text]);
    at = value.end;
  }
  const labels = pairs
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
  return labels.length > maxLabelChars ? undefined : { labels, end: at + 1 };
}

function readText(text: string, from: number): { text: string; end: number } | undefined {
  let read = '';
  for (let at = from; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === '"') return { text: read, end: at + 1 };
    if (char === '\\') {
      at += 1;
      read += text[at] === 'n' ? '\n' : (text[at] ?? '');
    } else read += char;
  }
  return undefined;
}
