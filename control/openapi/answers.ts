import type { Json, JsonObject, NodeState, VerdictState } from 'opsbro/sdk';

/** Bodies of answers that no other file names. Together with `shapes.ts` they become `schemas.json`: `npm run api-schemas`. */
export type * from '../log-shapes.ts';
export type * from '../shapes.ts';

/** It was taken up, and happens after this answer. */
export interface AcceptedView {
  ok: boolean;
}

/** How many threads of each kind run. */
export interface ThreadsView {
  job: number;
  penalty: number;
  expression: number;
  sandbox: number;
  service: number;
}

/** An object that runs. */
export interface RunningObjectView {
  id: string;
  digest: string;
  file: string;
}

/** An object of the configuration with every key, and where each comes from. */
export interface ShownObjectView {
  id: string;
  place: PlaceView;
  keys: {
    key: string;
    value: Json;
    origin: 'file' | 'default' | 'parameters' | 'override';
    place?: PlaceView;
  }[];
}

/** A place in a file. */
export interface PlaceView {
  file: string;
  line: number;
  column: number;
}

/** What was taken away. */
export interface RemovedView {
  removed: string;
}

/** The plugin runs no more. */
export interface QuarantinedView {
  quarantined: boolean;
}

/** Whether the plugin was in quarantine. */
export interface ReleasedView {
  released: boolean;
}

/** Facts of an agent, as the first OpsBro told them; times are epoch seconds. */
export interface OldInfo {
  agent_state: 'ok' | 'initializing';
  pid: number;
  name: string;
  display_name: string;
  uuid: string;
  zone: string;
  version: string;
  socket: string;
  groups: string[];
  threads: { nb_threads: number };
  logs: { ERROR: number; WARNING: number };
  collectors: { [name: string]: { name: string; state: string; log: string } };
  monitoring: { ok: number; warning: number; critical: number; unknown: number; pending: number };
  cpu_consumption: number;
  memory_consumption: number;
}

/** The nodes of the cluster by uuid. */
export interface OldMembers {
  [uuid: string]: OldNode;
}

/** A node, as the first OpsBro told it. */
export interface OldNode {
  uuid: string;
  name: string;
  display_name: string;
  addr: string;
  port: number;
  zone: string;
  groups: string[];
  state: NodeState;
  incarnation: number;
  is_proxy: boolean;
  services: JsonObject;
  checks: JsonObject;
}

/** What changed, by second, oldest first. */
export type OldHistory = { date: number; entries: OldHistoryEntry[] }[];

/** One change; states of checks have their number beside them. */
export interface OldHistoryEntry {
  id?: string;
  name: string;
  old_state: string;
  old_state_id?: number;
  state: string;
  state_id?: number;
  output?: string;
  log?: string;
}

/** A collector, as the first OpsBro told it; `metrics` are the numbers of `results`, by dotted path. */
export interface OldCollector {
  name: string;
  last_check: number;
  next_check: number;
  results: JsonObject;
  metrics: Json[];
  active: boolean;
  log: string;
  state: string;
}

/** A detector, as the first OpsBro told it. */
export interface OldDetector {
  name: string;
  pack_name: string;
  apply_if: string;
  add_groups: string[];
  matched: boolean;
  groups: string[];
}

/** A check, as the first OpsBro told it. Of another node only id, name, pack, state and output are known. */
export interface OldCheck {
  id: string;
  name: string;
  pack_name: string;
  display_name?: string;
  state: VerdictState | 'pending';
  state_id: number;
  output: string;
  last_check?: number;
  if_group?: string | null;
  interval?: number;
  notes?: string;
}

/** Checks by id. */
export interface OldChecks {
  [id: string]: OldCheck;
}

/** The state of a node. */
export interface OldState {
  checks: OldChecks;
  services: JsonObject;
}
