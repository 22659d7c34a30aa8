// Written by 'opsbro plugins types' from the manifest; run it again when the options change.

/** Options of handler/sample-name: validated, defaults filled in. */
export interface Options {
  /** Where events are sent, by POST. A secret, resolved. */
  url: string;
  /** Further keys of the JSON. Default {}. */
  fields: {
    [key: string]: string;
  };
}
