import type { VerdictState } from 'opsbro/sdk';
import type { RecordedChange } from '../alerting/history/report.ts';
import type { CheckState, CheckStatus } from '../alerting/model.ts';
import type { RoutedHandler } from '../alerting/routing/alerts.ts';
import type { ConfiguredEntry } from '../alerting/suppression/book.ts';
import type { Downtime } from '../alerting/suppression/model.ts';
import type { CheckObject, CollectorObject } from '../configuration/model.ts';
import type { Facts } from '../language/program.ts';

/** What is known of a check's real life, from the agent that runs. Times are epoch ms. */
export interface RecordedLife {
  status: CheckStatus;
  /** Its changes, oldest first. */
  changes: RecordedChange[];
  /** Everything that handlers were told of it. */
  notifications: Notified[];
}

/** Somebody was told, or would have been. */
export interface Notified {
  /** Epoch ms. */
  at: number;
  handler: string;
  state: CheckState;
  /** Why then. */
  reason: string;
}

/** The configuration that is replayed, as far as it matters. */
export interface ReplayedConfiguration {
  /** All checks: what the replayed ones depend on is among them. */
  checks: readonly CheckObject[];
  collectors: readonly CollectorObject[];
  handlers: readonly RoutedHandler[];
  /** Downtimes and silences of files. */
  entries: readonly ConfiguredEntry[];
}

/** What is replayed, on what. Times are epoch ms. */
export interface ReplayRequest {
  configuration: ReplayedConfiguration;
  /** Ids of the checks to replay. */
  ids: readonly string[];
  since: number;
  until: number;
  /** The moment it is now: archives of the store count back from it. */
  now: number;
  node: Facts['node'];
  groups: readonly string[];
  staticGroups: readonly string[];
  /** Downtimes and silences that people gave by command in this time. */
  downtimes: readonly Downtime[];
  /** What is known of the real life of a check, by id; empty where no agent runs. */
  recorded: ReadonlyMap<string, RecordedLife>;
}

/** A part of the time, and the archive of the store that it was read from. Times as RFC 3339 UTC text. */
export interface ResolutionView {
  /** `1m:7d` */
  archive: string;
  step_seconds: number;
  /** How several values became one: `average`, `max` …; '' where each is as it was stored. */
  aggregation: string;
  from: string;
  until: string;
  series: number;
  /** Points that are known of them all. */
  points: number;
}

/** Where what an expression names was found. */
export interface SourceView {
  /** As it is written: `collector.cpustats.cpu_all.%idle`. */
  key: string;
  /** A series of numbers, several below it, values that are kept on change, or nothing. */
  kind: 'series' | 'tree' | 'values' | 'none';
  /** The series, or the place that they are below. */
  series: string[];
}

/** One problem: from the first hard bad state to the next ok. */
export interface ProblemView {
  from: string;
  /** null: it lasts. */
  until: string | null;
  seconds: number;
  /** The worst state that it came to. */
  state: VerdictState;
  /** What was said at its beginning. */
  output: string;
}

/** How a check fared, really or in a replay. */
export interface LifeView {
  /** Time in each hard state. */
  seconds: { [state in CheckState]: number };
  problems: ProblemView[];
  /** Changes of state, soft ones among them. */
  changes: number;
  notifications: { at: string; handler: string; state: CheckState; reason: string }[];
}

/** The replay of one check. */
export interface ReplayView {
  id: string;
  name: string;
  place: { file: string; line: number; column: number };
  /** Why it cannot be replayed; null when it was. */
  refused: string | null;
  resolution: ResolutionView[];
  sources: SourceView[];
  runs: number;
  /** Runs of it were left out in this time: nothing was measured, so no agent ran. */
  unmonitored_seconds: number;
  would: LifeView | null;
  /** Who would have been told but for something, how often and why, the reason that came first first. */
  held: { handler: string; reason: string; from: string; count: number }[];
  /** null: nothing is known of it, see `notes`. */
  did: LifeView | null;
  /** The share of the time in which both had the same hard state. */
  agreement_percent: number | null;
  /** What to know when reading this. */
  notes: string[];
}

/** `checks replay --json`. Times as RFC 3339 UTC text. */
export interface ReplaysView {
  since: string;
  until: string;
  /** From when to when anything of this node is stored, also beside this time; null where nothing is. */
  history: { from: string; until: string } | null;
  checks: ReplayView[];
}
