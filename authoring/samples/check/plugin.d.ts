// Written by 'opsbro plugins types' from the manifest; run it again when the options change.

/** Options of check/sample-name: validated, defaults filled in. */
export interface Options {
  /** Less time since the start is a warning. A duration such as '10s'. Default "10m". */
  warning: string;
  /** Less time since the start is critical. A duration such as '10s'. */
  critical?: string;
}
