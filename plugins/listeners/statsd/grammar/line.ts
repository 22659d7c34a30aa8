import { type Kind, kind, kindsByLetters, type Reason } from './kinds.ts';

/** One value of a line; the text of a member for sets, else a number. `relative` for a gauge that moves by it. */
export interface Sample {
  kind: Kind;
  value: number;
  text: string;
  relative: boolean;
  rate: number;
}

/** What a line of metrics holds. A bad value costs itself and no other of the line. */
export interface MetricLine {
  name: string;
  /** What stands behind `#`. */
  tags: string;
  samples: (Sample | Reason)[];
}

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const maxMemberChars = 255;

/**
 * Reads a line of metrics of any dialect: `name:1|c|@0.1|#k:v`, several values `name:1:2|ms`, the original's `name:1|c:2|ms`, and the
 * fields of later DogStatsD, container and time, which change nothing. Total.
 */
export function readLine(line: string): MetricLine | Reason {
  const { rest, tags } = apart(line.trim());
  const colon = rest.indexOf(':');
  if (colon === -1) return 'no_value';
  const name = rest.slice(0, colon);
  const body = rest.slice(colon + 1);
  const [values = '', ...more] = body.split('|');
  if (more.length === 0) return { name, tags, samples: ['bad_type'] };
  // A colon behind a type or a rate begins another value of the original's; behind `c:` of later fields stands a container.
  const original =
    more[0]?.includes(':') || more.some((field) => field.startsWith('@') && field.includes(':'));
  const parts = original
    ? body.split(':').map((bit) => bit.split('|'))
    : values.split(':').map((value) => [value, ...more]);
  return { name, tags, samples: parts.map(sample) };
}

function apart(line: string): { rest: string; tags: string } {
  const at = line.indexOf('|#');
  if (at === -1) return { rest: line, tags: '' };
  const end = line.indexOf('|', at + 2);
  const tags = line.slice(at + 2, end === -1 ? undefined : end);
  return { rest: line.slice(0, at) + (end === -1 ? '' : line.slice(end)), tags };
}

function sample([value = '', letters = '', ...more]: string[]): Sample | Reason {
  const found = kindsByLetters.get(letters.trim());
  if (found === undefined) return 'bad_type';
  const rate = rateOf(more);
  if (rate === undefined) return 'bad_rate';
  if (found === kind.set) {
    const text = value === '' ? '0' : value;
    if (text.length > maxMemberChars) return 'bad_value';
    return { kind: found, value: 0, text, relative: false, rate };
  }
  const digits = value.trim();
  const amount = number.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isFinite(amount) || (letters.trim() === 'ms' && amount < 0)) return 'bad_value';
  return { kind: found, value: amount, text: '', relative: /^[+-]/.test(digits), rate };
}

/** Undefined for a rate that is none; 1 where nothing is said. */
function rateOf(fields: string[]): number | undefined {
  const written = fields.find((field) => field.startsWith('@'));
  if (written === undefined)
    return fields.every((field) => /^(?:c:|T\d|e:|card:)/.test(field)) ? 1 : undefined;
  const rate = number.test(written.slice(1)) ? Number(written.slice(1)) : Number.NaN;
  return rate > 0 && rate <= 1 ? rate : undefined;
}
