/** Values in order of time; null where there is none. */
export type Values = readonly (number | null)[];

const blocks = '▁▂▃▄▅▆▇█';
const asciiBlocks = '_.-=+*%#';

/** The lowest, highest, mean and last of the values that are there; undefined where none is. */
export function summaryOf(
  values: Values,
): { min: number; max: number; mean: number; last: number } | undefined {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return undefined;
  const [min, max] = [Math.min(...known), Math.max(...known)];
  return { min, max, mean: known.reduce((sum, value) => sum + value, 0) / known.length, last };
}

/** As many values as there is room for: the mean of those that share a place. */
export function fitInto(values: Values, room: number): (number | null)[] {
  if (values.length <= room) return [...values];
  return Array.from({ length: room }, (_, place) => {
    const from = Math.floor((place * values.length) / room);
    const to = Math.floor(((place + 1) * values.length) / room);
    return summaryOf(values.slice(from, to))?.mean ?? null;
  });
}

/** One line of blocks, from the lowest value to the highest; a blank where there is none. With `isAscii` for a terminal that knows no blocks. */
export function sparkline(values: Values, room: number, isAscii = false): string {
  const levels = isAscii ? asciiBlocks : blocks;
  const fitted = fitInto(values, room);
  const summary = summaryOf(fitted);
  if (summary === undefined) return ' '.repeat(fitted.length);
  const range = summary.max - summary.min;
  return fitted
    .map((value) => {
      if (value === null) return ' ';
      const share = range === 0 ? 0.5 : (value - summary.min) / range;
      return levels[Math.min(levels.length - 1, Math.floor(share * levels.length))];
    })
    .join('');
}

/** A number for people: four digits that matter, with K, M, G … where it is large. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  const [factor, unit] =
    size >= 1e12
      ? [1e12, 'T']
      : size >= 1e9
        ? [1e9, 'G']
        : size >= 1e6
          ? [1e6, 'M']
          : size >= 1e4
            ? [1e3, 'K']
            : [1, ''];
  return `${Number((value / factor).toPrecision(4))}${unit}`;
}
