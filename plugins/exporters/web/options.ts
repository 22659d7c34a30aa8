/** The status page, as the configuration asks for it. */
export interface StatusPageOptions {
  title: string;
  /** Names or ids of checks, `*` for any text. */
  checks: string[];
  groups: string[];
}

/** Options as the manifest declares them. */
export interface Options {
  /** Checks that have a badge. */
  badges: 'all' | string[];
  status_page?: StatusPageOptions;
}
