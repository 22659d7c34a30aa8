import type { JsonObject, VerdictState } from './values.ts';

/** How a check stands, as an exporter sees it. Times are epoch milliseconds. */
export interface CheckFact {
  /** `<pack>/check/<name>`. */
  id: string;
  name: string;
  display_name: string;
  pack: string;
  /** The group it asks for with `if_group`; absent where it runs everywhere. */
  if_group?: string;
  /** `pending` until its first run. */
  state: VerdictState | 'pending';
  /** False while the state is not yet confirmed by `attempts` or `for`. */
  hard: boolean;
  output: string;
  long_output: string;
  /** Figures as Nagios plugins print them, at most 50. */
  perfdata: string;
  /** Since when it is in `state`; null while pending. */
  since: number | null;
  last_run: number | null;
  /** Its data is late: `state` tells of the past. */
  stale: boolean;
  labels: { [name: string]: string };
}

/** What is known of this host at one moment: what an exporter carries out. All of it is plain data. */
export interface ExportedFacts {
  /** Epoch milliseconds. */
  at: number;
  node: { name: string; uuid: string; zone: string; version?: string; display_name?: string };
  /** Sorted. */
  groups: string[];
  /** The latest tree of each collector, by its lower-case name. */
  samples: { [collector: string]: JsonObject };
  /** The checks that run here, by id. */
  checks: CheckFact[];
  /** The zones that the configuration defines, each with those right below it. */
  zones?: { name: string; 'sub-zones': string[] }[];
}
