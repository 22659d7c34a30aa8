/** Counters that get a rate. They must be ones that only grow. */
export const rated: readonly string[] = [
  'ctxt',
  'processes',
  'intr',
  'pgfault',
  'pgmajfault',
  'pgpgin',
  'pgpgout',
  'pswpin',
  'pswpout',
];

/**
 * The `name value` lines of `/proc/stat` or `/proc/vmstat`. Lines with more values are passed over, but for `intr`, whose first
 * value is the number of all interrupts. A last line without its end is passed over too: it may be cut. They are added to
 * `counters`, since merging objects of hundreds of keys costs more than all of this.
 */
export function parseCounters(
  text: string,
  counters: { [key: string]: number } = {},
): { [key: string]: number } {
  for (let start = 0, end = text.indexOf('\n'); end >= 0; start = end + 1, end = text.indexOf('\n', start)) {
    const space = text.indexOf(' ', start);
    if (space <= start || space > end) continue;
    const name = text.slice(start, space);
    const second = text.indexOf(' ', space + 1);
    const single = second < 0 || second > end;
    if (!single && name !== 'intr') continue;
    const digits = text.slice(space + 1, single ? end : second);
    if (/^\d+$/.test(digits)) counters[name] = Number(digits);
  }
  return counters;
}

/** Growth a second of the rated counters, keyed `ctxt/s` …, two decimals. */
export function ratesOf(deltas: { [key: string]: number }, seconds: number): { [key: string]: number } {
  return Object.fromEntries(
    Object.entries(deltas).map(([name, delta]) => [`${name}/s`, Math.round((delta * 100) / seconds) / 100]),
  );
}
