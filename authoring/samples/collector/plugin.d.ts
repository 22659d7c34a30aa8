// Written by 'opsbro plugins types' from the manifest; run it again when the options change.

/** Options of collector/sample-name: validated, defaults filled in. */
export interface Options {
  /** Also give the share of the limit. Default true. */
  percent: boolean;
}
