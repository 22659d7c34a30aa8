import type { HandlerEvent, JsonObject } from 'opsbro/sdk';
import type { Facts, Outcome } from '../../language/program.ts';
import type { CrashJournal } from '../../store/crash-journal.ts';
import type { ExactStore } from '../../store/exact-store.ts';
import type { Job, JobResult } from '../../threads/protocol.ts';
import type { Board } from '../board/board.ts';
import type { Bus } from '../board/bus.ts';
import type { TimerClock } from '../clock.ts';
import type { Notifications } from '../notify/notifications.ts';
import type { Quarantine } from '../quarantine/quarantine.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import type { CommandRunner } from './command-runs.ts';
import type { ObjectTable } from './objects.ts';
import type { PluginStates } from './plugin-states.ts';
import type { Registry } from './registry.ts';

/** Runs jobs in pooled threads. Never rejects: what goes wrong is in the result. */
export interface JobRunner {
  run(job: Job): Promise<JobResult>;
}

/** Evaluates compiled rules, all over the same facts. Never rejects. */
export interface RuleEvaluator {
  evaluate(ids: string[], facts: Facts): Promise<Outcome[]>;
}

/** What the host's parts write to the log: one event a line, tagged with the plugin. */
export interface HostLog {
  debug(message: string, fields?: JsonObject): void;
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
}

/** Everything the host's parts work with; made once by the agent. */
export interface HostDeps {
  clock: TimerClock;
  log: HostLog;
  table: ObjectTable;
  registry: Registry;
  board: Board;
  bus: Bus;
  scheduler: Scheduler;
  pool: JobRunner;
  commands: CommandRunner;
  rules: RuleEvaluator;
  store: ExactStore;
  states: PluginStates;
  quarantine: Quarantine;
  journal: CrashJournal;
  notifications: Notifications;
  /** The facts of this moment; frozen by the caller for a tick. */
  facts(): Facts;
  /** What collectors get whose manifest needs facts of the core. */
  agentFacts(): JsonObject;
}

export type { HandlerEvent };
