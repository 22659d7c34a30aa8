// Written by 'opsbro plugins types' from the manifest; run it again when the options change.

/** Options of exporter/sample-name: validated, defaults filled in. */
export interface Options {
  /** Where graphite listens. Default "127.0.0.1". */
  host: string;
  /** Its port for plain text. Default 2003. */
  port: number;
  /** What every path begins with. Default "opsbro". */
  prefix: string;
}
