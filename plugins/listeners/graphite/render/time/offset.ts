import { TargetError } from '../grammar/target.ts';

const units: [RegExp, number][] = [
  [/^(s|secs?|seconds?)$/, 1],
  [/^(m|min|mins|minutes?)$/, 60],
  [/^(h|hours?)$/, 3600],
  [/^(d|days?)$/, 86400],
  [/^(w|weeks?)$/, 7 * 86400],
  [/^(mon|months?)$/, 30 * 86400],
  [/^(y|years?)$/, 365 * 86400],
];

/** Seconds of an offset such as `-1h`, `3d12h` or `+2weeks`; the sign counts for all of it. Throws a TargetError. */
export function parseOffset(text: string): number {
  const clean = text.trim().toLowerCase();
  const { sign = '', rest = '' } = /^(?<sign>[+-]?)(?<rest>.*)$/s.exec(clean)?.groups ?? {};
  if (rest === '' || !/^(\d+\s*[a-z]+\s*)+$/.test(rest)) throw invalid(text);
  let seconds = 0;
  for (const [, count, unit = ''] of rest.matchAll(/(\d+)\s*([a-z]+)/g)) {
    const length = units.find(([names]) => names.test(unit))?.[1];
    if (length === undefined) throw invalid(text);
    seconds += Number(count) * length;
  }
  return sign === '-' ? -seconds : seconds;
}

function invalid(text: string): TargetError {
  return new TargetError(`'${text}' is no span of time; write one such as 1h, 30min, 7d, 2w, 3mon or 1y`);
}
