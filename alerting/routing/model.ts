import type { EventType, VerdictState } from 'opsbro/sdk';
import type { Perfdatum } from '../model.ts';

/** After so long a problem that nobody acknowledged is told to these handlers too, by name. */
export interface EscalationStep {
  afterMs: number;
  handlers: string[];
}

/** What routing knows of one check: its hard state, who wants it, and everything that travels into a notification. Times are epoch ms. */
export interface Alert {
  /** The check's id. */
  check: string;
  name: string;
  displayName: string;
  pack: string;
  /** The hard state. */
  state: VerdictState;
  oldState: VerdictState | 'pending';
  /** Grows with each hard change, and with each bad run of a volatile check. */
  episode: number;
  /** Since when the check is in this hard state. */
  since: number;
  /** Since when its hard state is not ok; null when it is. */
  problemSince: number | null;
  /** Its state changes too often to tell anybody of each change. */
  flapping: boolean;
  output: string;
  longOutput: string;
  perfdata: Perfdatum[];
  attempt: number;
  attempts: number;
  notes: string;
  runbook: string;
  labels: { [name: string]: string };
  /** Names of the handlers told at once. */
  handlers: string[];
  escalation: EscalationStep[];
  /** It runs, and nobody is told. */
  shadow: boolean;
  /** The check was taken out of the configuration, or no longer applies here. */
  removed: boolean;
}

/** Why nobody is told of a problem now. `until` is when that may end, epoch ms; null when nobody knows. */
export interface Hold {
  kind: 'downtime' | 'acknowledgement' | 'silence' | 'dependency' | 'flapping' | 'stale';
  text: string;
  until: number | null;
}

/** What holds an alert back at this moment. */
export interface Holds {
  holds: Hold[];
  /** When that changes by itself, epoch ms; null when it does not. */
  nextAt: number | null;
}

/** How one handler wants to be told. */
export interface HandlerPolicy {
  /** The object's id. */
  id: string;
  name: string;
  enabled: boolean;
  /** Its `if_group` holds on this node. */
  inGroup: boolean;
  severities: readonly VerdictState[];
  /** What it is told of besides problems and recoveries; null: of everything. */
  events: readonly EventType[] | null;
  /** Labels, or `pack`, `name`, `check`, `node`, `state`; empty: every check by itself. */
  groupBy: readonly string[];
  groupWaitMs: number;
  groupIntervalMs: number;
  /** null: a problem is told once. */
  repeatIntervalMs: number | null;
  escalation: EscalationStep[];
  /** When the quiet hours that hold this state at `at` end; null when none do. */
  quietUntil(at: number, state: VerdictState): number | null;
}

/** What a handler was last told of a check. */
export interface Told {
  state: VerdictState;
  episode: number;
  at: number;
  repeats: number;
}

/** What a handler should be told of a check. */
export interface Need {
  type: 'problem' | 'recovery';
  /** 0 for news, else the number of the reminder. */
  repeat: number;
}

/** Why a handler is told of an alert, or not; the record behind `opsbro explain check`. */
export interface Decision {
  outcome: 'told' | 'waits' | 'held' | 'not-wanted' | 'up-to-date';
  reason: string;
  until: number | null;
}

/** What is so of one handler and one check now. */
export interface Explained {
  handler: string;
  decision: Decision;
  told: Told | undefined;
  /** '' for a handler that groups nothing. */
  group: string;
}

/** A decision about one handler and one check, as it is recorded: when it differs from the one before. */
export interface DecisionRecord extends Decision {
  at: number;
  handler: string;
  check: string;
  state: VerdictState;
  /** The event's key when the outcome is `told`, else ''. */
  key: string;
}

/** One alert of a notification, and what is new about it. */
export interface Member {
  alert: Alert;
  change: 'new' | 'changed' | 'repeat' | 'recovered' | 'same';
  repeat: number;
}

/** One group of alerts of one handler. */
export interface GroupRecord {
  /** When it was last told, epoch ms. */
  sentAt: number;
  /** Counts its notifications. */
  serial: number;
}

/** A notification, ready for the outbox. */
export interface Notification {
  handler: string;
  /** Notifications of one order are delivered in order. */
  order: string;
  key: string;
  type: 'problem' | 'recovery';
  members: Member[];
  /** What the group is called, '' for a check by itself. */
  group: string;
}
