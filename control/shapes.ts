import type { Json, JsonObject, VerdictState } from 'opsbro/sdk';
import type { ExplanationView } from '../alerting/explain/view.ts';
import type { ChangeCause, Perfdatum } from '../alerting/model.ts';
import type { HeldCounts, HeldView } from '../alerting/suppression/views.ts';
import type { Diagnostic } from '../configuration/model.ts';
import type { SandboxFigures } from '../sandbox/budgets/ledger.ts';

/** Bodies of the control routes under `/api/v1`. Times are RFC 3339 UTC text, durations seconds unless the name says otherwise. */

/** What became of a collector's last run, or why it has none. */
export type CollectorState =
  | 'pending'
  | 'running'
  | 'ok'
  | 'error'
  | 'not-eligible'
  | 'disabled'
  | 'quarantined';

/** GET /api/v1/collectors: an array of these, sorted by name. GET /api/v1/collectors/NAME adds `results`. */
export interface CollectorView {
  id: string;
  name: string;
  plugin: string;
  state: CollectorState;
  /** Why: error code and message, or the not-eligible reason; '' when ok. */
  log: string;
  enabled: boolean;
  /** Has data of its last run. */
  active: boolean;
  interval: number;
  last_run: string | null;
  next_run: string | null;
  duration_ms: number | null;
  metrics: number;
  results?: JsonObject;
}

/** GET /api/v1/detectors: an array of these. */
export interface DetectorView {
  id: string;
  name: string;
  pack: string;
  state: 'pending' | 'ok' | 'error' | 'disabled';
  log: string;
  /** The `apply_if` as written; '' for plugin detectors. */
  apply_if: string;
  add_groups: string[];
  matched: boolean | null;
  groups: string[];
  interval: number;
  last_run: string | null;
}

/** POST /api/v1/detectors/run. */
export interface DetectorsRunView {
  detectors: { [id: string]: { matched: boolean | null; groups: string[]; new_groups: string[] } };
}

/** GET /api/v1/groups. */
export interface GroupsView {
  groups: GroupView[];
}

/** A group this host is in, and why. */
export interface GroupView {
  name: string;
  source: 'static' | 'detected';
  since: string | null;
  detectors: string[];
  /** None of its detectors could tell for three rounds: it is what they found last. */
  stale: boolean;
}

/** GET /api/v1/checks: an array of these (`checks state --json`). GET /api/v1/checks/NAME: one. */
export interface CheckView {
  id: string;
  name: string;
  pack: string;
  display_name: string;
  state: VerdictState | 'pending';
  /** False while too few runs agree on `state`, or not for long enough: nobody is told yet. */
  hard: boolean;
  /** Runs in a row that were not ok, at most `attempts`. */
  attempt: number;
  attempts: number;
  /** How soon a soft state is looked at again; null: after `interval`. */
  retry_interval: number | null;
  /** How long it must not be ok until that is hard, and since when it is not, while that is soft. */
  for: number;
  pending_since: string | null;
  /** The last hard state: what handlers were told of. */
  hard_state: VerdictState | 'pending';
  hard_since: string | null;
  /** Its data or runs are late or missing: `state` is not of now. */
  stale: boolean;
  flapping: boolean;
  /** Weighted share of changes among its last 20 runs. */
  flapping_percent: number;
  /** Counts its hard changes. */
  episode: number;
  output: string;
  long_output: string;
  perfdata: Perfdatum[];
  since: string | null;
  last_run: string | null;
  next_run: string | null;
  interval: number;
  /** False when it is disabled or its `if_group` does not hold here; `inactive_because` says which. */
  active: boolean;
  inactive_because: string;
  if_group: string | null;
  /** Absent keys the expressions met, if any. */
  missing: string[];
  error: { code: string; message: string } | null;
  notes: string;
  /** It runs and keeps its history, and nobody is told. */
  shadow: boolean;
  /** What people decided to hold back of it. */
  held: HeldView[];
}

/** How a plugin fares; `penalty` runs apart after it had to be terminated, `pending` waits for approval. */
export type PluginState =
  | 'ok'
  | 'idle'
  | 'error'
  | 'backing-off'
  | 'penalty'
  | 'quarantined'
  | 'pending'
  | 'failed';

/** GET /api/v1/plugins: an array of these. GET /api/v1/plugins/ID (id with one slash) adds `manifest` and `objects`. */
export interface PluginView {
  id: string;
  kind: string;
  state: PluginState;
  origin: 'shipped' | 'third-party';
  summary: string;
  log: string;
  runs: number;
  errors: number;
  timeouts: number;
  restarts: number;
  skipped: number;
  late: number;
  last_ms: number | null;
  p99_ms: number | null;
  heap_bytes: number | null;
  /** Of a third-party plugin. `changed`: an approved version runs, and what lies in the directory now waits. */
  approval?: 'pending' | 'approved' | 'trusted' | 'changed';
  /** Why what lies in the directory does not run. */
  waits?: string;
  /** What it may do, or asks for, in words. */
  rights?: string[];
  /** When (RFC 3339) and by whom what runs was approved. */
  approved?: { at: string; by: string };
  digest?: string;
  manifest?: JsonObject;
  objects?: string[];
  /** What a sandboxed plugin used up and tried, once it ran. */
  sandbox?: SandboxFigures;
  /** Of `GET /api/v1/plugins/ID`, once it emitted. */
  emitted?: EmittedView;
}

/** What a plugin emitted since the agent started: how many events, and the last of them, oldest first. */
export interface EmittedView {
  count: number;
  dropped: number;
  last: { topic: string; at: string; data: Json }[];
}

/** GET /api/v1/agent; with `?ticks=N` the loop delay is that of the scheduler's last N ticks. */
export interface AgentView {
  state: 'starting' | 'running' | 'stopping';
  version: string;
  name: string;
  display_name: string;
  uuid: string;
  zone: string;
  pid: number;
  socket: string;
  data: string;
  config: string[];
  started_at: string;
  uptime: number;
  groups: string[];
  /** By state; a check that was ok when it was last looked at, too long ago, counts as `stale`. */
  checks: {
    ok: number;
    warning: number;
    critical: number;
    unknown: number;
    pending: number;
    stale: number;
  };
  collectors: { [state: string]: number };
  detectors: number;
  /** What handlers have not been told yet, what was given up (`gone` of it for handlers not configured any more), and how many checks people hold back. */
  notifications: { waiting: number; dead: number; gone: number; held: HeldCounts };
  slowest: { plugin: string; p99_ms: number; runs: number }[];
  plugins: { total: number; troubled: { id: string; state: PluginState; log: string }[] };
  threads: { job: number; penalty: number; expression: number; sandbox: number; service: number };
  memory: { rss_bytes: number; heap_bytes: number };
  cpu_percent: number;
  loop_delay_ms: { p50: number; p99: number; max: number };
  schedule: { runs: number; late: number; skipped: number };
  configuration: {
    generation: number;
    objects: number;
    files: number;
    errors: number;
    warnings: number;
    loaded_at: string;
  };
  logs: { errors: number; warnings: number; last: { at: string; level: string; message: string }[] };
  variables: JsonObject;
}

/** GET /api/v1/config/running/ID: what an object that runs says of itself; null where that was not kept. */
export interface RunningKeysView {
  written: JsonObject | null;
}

/** GET /api/v1/config/status. */
export interface ConfigStatusView {
  generation: number;
  loaded_at: string;
  took_ms: number;
  directories: string[];
  files: number;
  objects: number;
  bad_files: string[];
  diagnostics: Diagnostic[];
}

/** POST /api/v1/agent/reload. `ok` is false when any file had errors (their last good objects stay). */
export interface ReloadView {
  ok: boolean;
  generation: number;
  started: string[];
  restarted: string[];
  stopped: string[];
  kept: number;
  diagnostics: Diagnostic[];
}

/** POST /api/v1/evaluator/eval {expression, explain?, language?, as?: a check, whose parameters and data it sees}. `text` is Python's str(value). */
export interface EvaluationView {
  ok: boolean;
  value: Json;
  text: string;
  missing: string[];
  error: { code: string; message: string } | null;
  /** With `explain`: nested `{node, source, value, children}`. */
  tree?: Json;
}

/** GET /api/v1/history/collectors|detectors|checks|suppressions …?since=ISO&id=ID: newest last. */
export interface HistoryView {
  entries: {
    at: string;
    id: string;
    name: string;
    old_state: string;
    state: string;
    log: string;
    /** Of checks: why it changed, and what else is known of the change. */
    cause?: ChangeCause;
    hard?: boolean;
    old_hard_state?: string;
    hard_state?: string;
    attempt?: number;
    episode?: number;
    stale?: boolean;
    /** Of downtimes and silences: their matchers. */
    match?: string[];
  }[];
}

/** GET /api/v1/report/compare?left=CHECK&right=CHECK&since=ISO. */
export type { ComparisonView } from '../alerting/history/compare-view.ts';
/** GET /api/v1/report/checks?since=ISO. */
export type { ChecksReportView } from '../alerting/history/report-view.ts';
/** GET /api/v1/explain/checks/NAME?at=ISO&since=ISO&if=STATE: with the check as it is now, though `at` may have passed. */
export type CheckExplanationView = ExplanationView & { check: CheckView };

export type { DeliveryState, HandlerExplanation, StepView } from '../alerting/explain/view.ts';
export type * from '../alerting/outbox/views.ts';
export type {
  AcknowledgementView,
  DowntimeView,
  HeldCheckView,
  SilenceView,
} from '../alerting/suppression/views.ts';
export type { FunctionView } from '../configuration/sources/function-views.ts';

/** Every error answer: {"error": {code, message}}. */
export interface ErrorView {
  error: { code: string; message: string };
}
