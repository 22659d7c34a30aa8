// Written by 'opsbro plugins types' from the manifest; run it again when the options change.

/** Options of detector/sample-name: validated, defaults filled in. */
export interface Options {
  /** The group such a host gets. Default "ipv6". */
  group: string;
}
