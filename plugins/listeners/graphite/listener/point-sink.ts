/** Where points go that were read from the network. */
export interface PointSink {
  /** What the hash of a name begins with, see `hashOf`. */
  readonly seed: number;
  /** Takes a point whose name stands in `bytes`; false when it was refused. `time` is in whole seconds. */
  take(
    bytes: Buffer,
    from: number,
    to: number,
    hash: number,
    time: number,
    value: number,
    source: string,
  ): boolean;
}

/** Points that were read, and lines that were not, by reason. */
export interface LineCounts {
  points: number;
  /** Not three fields. */
  fields: number;
  /** A value that is no number. */
  value: number;
  /** `nan` and `inf`: left out, as carbon leaves out the former. */
  notFinite: number;
  /** A time that is none, or outside of what a file can tell. */
  time: number;
  /** More than 4 KiB. */
  long: number;
  /** Not taken: the name is none, or beyond the limits. */
  refused: number;
}

/** Counts that begin. */
export function noLines(): LineCounts {
  return { points: 0, fields: 0, value: 0, notFinite: 0, time: 0, long: 0, refused: 0 };
}
