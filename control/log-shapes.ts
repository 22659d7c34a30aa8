import type { JsonObject } from 'opsbro/sdk';

/** One event of the log. `part` is the plugin's id, or `agent`. */
export interface LogEvent {
  /** Counts from 1 at the start of the agent. */
  seq: number;
  at: string;
  level: string;
  part: string;
  message: string;
  fields: JsonObject;
}

/** GET /api/v1/logs?after=SEQ&part=PART: the events after `after`, or without it the last ten. */
export interface LogsView {
  /** What to ask with next time. */
  next: number;
  /** Events after `after` that were overwritten before they were asked for, of all parts. */
  lost: number;
  events: LogEvent[];
}
