/** What a metric is. Histograms and distributions are timers under other letters. */
export const kindNames = ['counter', 'gauge', 'timer', 'set', 'meter'] as const;

/** One of `kindNames`. */
export type KindName = (typeof kindNames)[number];

/** A kind as a byte, its place in `kindNames`, which columns and keys hold. */
export type Kind = number;

/** The kinds by name. */
export const kind = { counter: 0, gauge: 1, timer: 2, set: 3, meter: 4 } as const;

/** Kinds by the letters of a line. */
export const kindsByLetters: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['c', kind.counter],
  ['g', kind.gauge],
  ['ms', kind.timer],
  ['h', kind.timer],
  ['d', kind.timer],
  ['s', kind.set],
  ['m', kind.meter],
]);

/** Why a line, or a part of it, was left out. */
export const reasons = [
  'no_value',
  'bad_name',
  'bad_value',
  'bad_type',
  'bad_rate',
  'bad_event',
  'long_packet',
  'too_many_names',
  'too_many_values',
] as const;

/** One of `reasons`. */
export type Reason = (typeof reasons)[number];
