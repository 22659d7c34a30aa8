import type { JsonObject, VerdictState } from '../values.ts';

/**
 * A check that somebody else runs and a service tells of. Where it stands in the agent's state machine like any other, with handlers,
 * dependencies, downtimes and history. Plain data.
 */
export interface PassiveCheck {
  /** `<pack>/check/<name>`. */
  id: string;
  name: string;
  display_name: string;
  /** Seconds from one result to the next; after three of them, 10 s at least, without one it is stale. null: nobody knows. */
  interval: number | null;
  labels: { [name: string]: string };
  /** The keys of a check in YAML that say how results become states and who is told: `attempts`, `for`, `handlers`, `depends_on` … */
  policy: JsonObject;
}

/** What a service found of one of its checks. */
export interface PassiveResult {
  /** The check's id. */
  check: string;
  state: VerdictState;
  output: string;
  /** `output` is what a Nagios plugin printed: text, and figures behind a bar. */
  plugin_output?: boolean;
  /** It stands for a result that did not come. */
  late?: boolean;
}

/** Something that handlers are told of as an event of type `alert`. */
export interface PassiveAlert {
  /** Unique for what happened; one that is sent again with the same key may be told twice. */
  key: string;
  /** Epoch milliseconds. */
  at: number;
  summary: string;
  data: JsonObject;
  /** The check it is about: its downtimes and silences hold it back. */
  check?: string;
  /** Only for handlers of this plugin, e.g. `handler/overc`. */
  only?: string;
}

/**
 * What a service sends with `ctx.ask` to `POST /api/v1/passive`: answered with 200 once all of it is on the disk. `checks` are defined, or
 * defined anew; `removed` are ids of checks that are gone, `handed_over` of those that another agent has from now on: of their end nobody is told.
 */
export interface PassiveReport {
  /** The plugin that reports, e.g. `listener/overc`. */
  plugin: string;
  checks?: PassiveCheck[];
  removed?: string[];
  handed_over?: string[];
  /** In order; of one check several may be there. */
  results?: PassiveResult[];
  alerts?: PassiveAlert[];
}
