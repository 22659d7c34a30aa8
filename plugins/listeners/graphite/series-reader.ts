/** A place in the tree of metric names: a series that has points, or a branch that has places below it. */
export interface FoundName {
  /** Steps joined by dots, as in `web1.memory.used`. */
  path: string;
  /** It can be fetched; otherwise it is a branch. One path may be both, and is then found twice. */
  isLeaf: boolean;
}

/**
 * Points of one series at one resolution, evenly spaced. The first point is that of `start`, the last that of `end - step`. Times are whole
 * seconds since 1970; `NaN` stands for a point that nobody wrote.
 */
export interface FetchedPoints {
  start: number;
  /** The first time after the last point. */
  end: number;
  step: number;
  /** `(end - start) / step` values, owned by whoever fetched them. */
  values: Float64Array;
}

/**
 * What queries see of the metric store: names and points. It answers at once, from memory and from files of this host, in the thread that asks.
 */
export interface SeriesReader {
  /**
   * The places that a pattern names, in no order. A pattern is steps joined by dots; in a step `*` stands for any text, `?` for one character,
   * `[0-9]` for one of a set, `{a,b}` for one of several texts. Nothing found is no error.
   */
  find(pattern: string): FoundName[];

  /**
   * The points after `from` up to `until` (seconds) of the finest archive that reaches back to `from`, counted from `now` as Whisper does.
   * Undefined where no such series is, or the range lies outside of what it holds. Throws when its file cannot be read.
   */
  fetch(name: string, from: number, until: number, now: number): FetchedPoints | undefined;

  /** Names of tagged series, `name;tag=value;…` with sorted tags: the same array for as long as they are the same names. */
  taggedNames(): readonly string[];
}
