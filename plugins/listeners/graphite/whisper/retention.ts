import type { Retention } from './layout.ts';

const units: { [unit: string]: number } = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};
const words = ['seconds', 'minutes', 'hours', 'days', 'weeks', 'years'];

/**
 * Reads retentions as Graphite writes them: `10s:6h,1m:7d`, `60:1440` (seconds and number of points), any beginning of a unit's name. Throws
 * a text that names the part nobody can read. Whether they fit together says `retentionProblem`.
 */
export function parseRetentions(text: string): Retention[] {
  return text.split(',').map((part) => parseRetention(part.trim()));
}

function parseRetention(text: string): Retention {
  const [precision, reach, ...more] = text.split(':');
  const step = quantity(precision);
  const length = quantity(reach);
  if (step === undefined || length === undefined || more.length > 0 || step.value === 0)
    throw new Error(`'${text}' is no retention; expected a step and a time such as 10s:6h`);
  const points = length.hasUnit ? Math.floor(length.value / step.value) : length.value;
  return { step: step.value, points };
}

function quantity(text: string | undefined): { value: number; hasUnit: boolean } | undefined {
  const [, digits, unit] = /^(\d{1,10})([a-z]*)$/.exec(text ?? '') ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  if (unit === '') return { value: Number(digits), hasUnit: false };
  const word = words.find((each) => each.startsWith(unit));
  const seconds = word === undefined ? undefined : units[word[0]!];
  return seconds === undefined ? undefined : { value: Number(digits) * seconds, hasUnit: true };
}

/** Retentions as Graphite writes them: `10s:6h,1m:7d`. */
export function retentionsText(retentions: readonly Retention[]): string {
  return retentions.map(({ step, points }) => `${spanText(step)}:${spanText(step * points)}`).join();
}

function spanText(seconds: number): string {
  const unit = ['y', 'd', 'h', 'm'].find((each) => seconds % units[each]! === 0) ?? 's';
  return `${seconds / units[unit]!}${unit}`;
}
