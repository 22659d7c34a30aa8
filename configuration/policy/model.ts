import type { EventType, VerdictState } from 'opsbro/sdk';

/** How a check's results become states. */
export interface StatePolicy {
  /** How soon a soft state is looked at again; null: as scheduled. */
  retryIntervalMs: number | null;
  /** How long a check must not be ok until that is hard. */
  forMs: number;
  /** Every hard bad run counts as a problem of its own. */
  volatile: boolean;
  /** Percent of changes among the last runs: flapping begins above `high` and ends below `low`. */
  flapping: { enabled: boolean; high: number; low: number };
  /** What the check is without data or runs; `keep`: as it was, marked as stale. */
  onMissing: 'unknown' | 'critical' | 'keep';
}

/** After so long a problem that nobody acknowledged is told to these handlers too, by name. */
export interface EscalationStep {
  afterMs: number;
  handlers: string[];
}

/** Who is told of a check's problems, and what they are told. */
export interface CheckAlerting {
  /** Names; null for all. The check's own, else those of its pack's parameters, else `default_handlers` of agent.yml. */
  handlers: string[] | null;
  /** The lists behind it, the nearest first: the first of all with a handler that exists counts. Absent: none. */
  fallbackHandlers?: string[][];
  /** Checks and `group:NAME` without which this one cannot be ok. */
  dependsOn: string[];
  /** How long a notification waits for what the check depends on. */
  dependencyWaitMs: number;
  labels: { [name: string]: string };
  /** Where to read what to do; '' for nowhere. */
  runbook: string;
  /** It runs and keeps its history, and nobody is told. */
  shadow: boolean;
  escalation: EscalationStep[];
}

/** A command line to run, with its limits. Exactly one of `argv` and `shell` is not null. */
export interface CheckCommand {
  argv: string[] | null;
  shell: string | null;
  timeoutMs: number;
  /** Output kept; more is dropped. */
  outputBytes: number;
  nice: number;
  /** null: the agent's own user. */
  runAs: string | null;
  /** Variables it gets; null passes on what the agent has. */
  environment: { [name: string]: string | null };
  /** What is wrong with each macro that names nothing; with any, the check is UNKNOWN and nothing runs. */
  unresolved: string[];
}

/** Hours in which a handler is not told of problems. */
export interface QuietHours {
  /** `mon-fri 22:00-06:00`, as `weeklyCalendar` reads it. */
  hours: string;
  /** null: the machine's. */
  timezone: string | null;
  /** States that it is told of nevertheless. */
  except: VerdictState[];
}

/** How a handler wants to be told. */
export interface HandlerPolicy {
  /** Labels, or `pack`, `name`, `node`, `state`; empty: every check by itself. */
  groupBy: string[];
  groupWaitMs: number;
  groupIntervalMs: number;
  /** null: a problem is told once. */
  repeatIntervalMs: number | null;
  quietHours: QuietHours[];
  /** What it is told of besides problems and recoveries; null: of everything. */
  events: EventType[] | null;
  escalation: EscalationStep[];
  /** null: no canary. */
  canaryMs: number | null;
}
