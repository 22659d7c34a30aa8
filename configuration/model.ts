import type { Json, JsonObject, Manifest, VerdictState } from 'opsbro/sdk';
import type { ErrorCode } from '../core/errors.ts';
import type { Program } from '../language/program.ts';
import type { Sandboxed } from '../sandbox/model.ts';
import type { CheckAlerting, CheckCommand, HandlerPolicy, StatePolicy } from './policy/model.ts';

/** A place in a file. Lines and columns count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** One finding about the configuration. `message` says what was found and what was expected; `file:line:column` is the place. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  code: ErrorCode;
  message: string;
  place: Place;
}

/** A plugin the agent knows, from its manifest alone. */
export interface PluginEntry {
  /** `<kind>/<name>`, e.g. `collector/memory`. */
  id: string;
  manifest: Manifest;
  /** Directory that holds `plugin.yml`. */
  folder: string;
  /** Absolute path of the code a thread imports; null for `runs: expression`, and where `sandbox` says what runs. */
  module: string | null;
  /** An approved third-party plugin's code, rights and limits. */
  sandbox?: Sandboxed;
  origin: 'shipped' | 'third-party';
  /** Third-party code runs only when approved; `trusted` code runs in job threads with Node's full API. */
  approval: 'shipped' | 'pending' | 'approved' | 'trusted';
  /** SHA-256 of the approved bundle, hex, of the files where nothing is approved; '' for shipped plugins. */
  digest: string;
  /** Of a third-party plugin, the file its manifest is in. */
  file?: string;
  /** Why what was dropped does not run: nothing of it was approved, or what runs is an approved version of before. */
  waits?: string;
  /** What a third-party plugin asks for in words, or for one that was approved, what it may do. */
  rights?: string[];
  /** When (RFC 3339) and by whom what runs was approved. */
  approved?: { at: string; by: string };
}

interface ObjectBase {
  /** `<pack>/<kind>/<name>`. */
  id: string;
  pack: string;
  name: string;
  place: Place;
  /** Changes when anything that matters to this object changes: its own keys, the parameters it binds, its plugin's digest. */
  digest: string;
  /** Plugin id, e.g. `collector/memory`, `check/rule`, `detector/rule`. */
  plugin: string;
  /** Free text of `notes`. */
  notes?: string;
  /** What it says of itself, as JSON (`sources/written.ts`): to tell later what differs. Absent where that is very long. */
  written?: string;
}

/** Runs on the scheduler. `ifGroup` null or `*` means always. */
interface ScheduledBase extends ObjectBase {
  enabled: boolean;
  intervalMs: number;
  timeoutMs: number;
  ifGroup: string | null;
  options: JsonObject;
}

/** Measures on the scheduler; its lower-case name is the collector's in expressions. */
export interface CollectorObject extends ScheduledBase {
  kind: 'collector';
}

/** Gives this node groups. */
export interface DetectorObject extends ScheduledBase {
  kind: 'detector';
  /** Present for `detector/rule`. Its outcome is `groups`. */
  program?: Program;
}

/** Data for one of a check's `tests:`. */
export interface CheckTest {
  given: JsonObject;
  expect: { state: VerdictState; output?: string };
  place: Place;
}

/** Judges one thing and keeps a state. */
export interface CheckObject extends ScheduledBase, StatePolicy, CheckAlerting {
  kind: 'check';
  /** Never due: a service tells of its results. */
  passive?: true;
  displayName: string;
  /** Present for `check/rule`. Its outcome is `verdict`. */
  program?: Program;
  /** Present for `check/nagios`: its `script`, the macros replaced. */
  command?: CheckCommand;
  /** Runs in a row that must not be ok until that is hard. */
  attempts: number;
  tests: CheckTest[];
  /** The check's own free keys (`thresholds` …), as macros and `configuration.` see them. */
  data: JsonObject;
}

/** Is told about events of these severities. */
export interface HandlerObject extends ObjectBase, HandlerPolicy {
  kind: 'handler';
  enabled: boolean;
  severities: VerdictState[];
  ifGroup: string | null;
  timeoutMs: number;
  options: JsonObject;
}

/** Carries facts out on the scheduler: a top-level key equal to its plugin's name. */
export interface ExporterObject extends ScheduledBase {
  kind: 'exporter';
  program?: never;
}

/** A service's options: a top-level key equal to its name. */
export interface ServiceObject extends ObjectBase {
  kind: 'service';
  enabled: boolean;
  enabledIfGroup: string | null;
  options: JsonObject;
}

/** Validated and kept: `opsbro dashboards show` draws it, and has the agent evaluate its expressions. */
export interface DashboardObject extends ObjectBase {
  kind: 'dashboard';
  title: string;
  content: Json;
}

/** `package.yml` of a pack. */
export interface PackageObject extends ObjectBase {
  kind: 'package';
  package: JsonObject;
}

/** A zone of the cluster; `sub-zones` are right below it. */
export interface ZoneObject extends ObjectBase {
  kind: 'zone';
  zone: { name: string; 'sub-zones': string[] };
}

/** A planned time without notifications of problems. `keys` are those of a request (`alerting/suppression/request.ts`). */
export interface DowntimeObject extends ObjectBase {
  kind: 'downtime';
  keys: JsonObject;
}

/** No notifications of some checks. `keys` are those of a request. */
export interface SilenceObject extends ObjectBase {
  kind: 'silence';
  keys: JsonObject;
}

/** Whatever a plan starts, by `kind`. */
export type ConfigObject =
  | CollectorObject
  | DetectorObject
  | CheckObject
  | HandlerObject
  | ExporterObject
  | ServiceObject
  | DashboardObject
  | ZoneObject
  | PackageObject
  | DowntimeObject
  | SilenceObject;

/** The effective `agent.yml`. */
export interface AgentSettings {
  groups: string[];
  displayName: string;
  nodeZone: string;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Free data of `variables:` and macro-named scalars. */
  variables: JsonObject;
  limits: {
    expressionCpuMs: number;
    expressionWatchdogMs: number;
    expressionMemoryBytes: number;
    expressionStackBytes: number;
    maxRssBytes: number;
  };
  /** What `exporter/heartbeat` is given, and how often; null where none is set up. */
  heartbeat: { intervalMs: number; options: JsonObject } | null;
  /** How long what `explain` tells of the past is kept. */
  explainDays: number;
  /** All keys as given, defaults filled in, for `agent parameters show`. */
  values: JsonObject;
}

/** What the main thread tells the config thread it runs now. */
export interface RunningObject {
  id: string;
  digest: string;
  file: string;
}

/** The reply to a load: what to start, restart, stop; the rest stays as it is. Never clones what is kept. */
export interface ConfigPlan {
  generation: number;
  start: ConfigObject[];
  restart: ConfigObject[];
  stop: string[];
  kept: number;
  /** Complete registry, sent when it changed since the last plan, else null. */
  plugins: PluginEntry[] | null;
  /** null when agent.yml is bad and the running settings stay. */
  agent: AgentSettings | null;
  diagnostics: Diagnostic[];
  /** Files with errors, whose objects keep their last good form. */
  badFiles: string[];
  fileCount: number;
  /** Wall time of the load in the thread, ms. */
  tookMs: number;
}

/** Everything `opsbro config show` prints of one object: effective keys and where each came from. */
export interface ShownObject {
  id: string;
  place: Place;
  keys: { key: string; value: Json; origin: 'file' | 'default' | 'parameters' | 'override'; place?: Place }[];
}
