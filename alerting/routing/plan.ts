import type { Json } from 'opsbro/sdk';
import type { Alert, DecisionRecord, HandlerPolicy, Holds, Notification } from './model.ts';

/** Alerts that are looked at in one go: some milliseconds. */
export const perSlice = 200;

/**
 * Keys to write and to remove in one batch with what caused them. `release` lets the notifications go, once that is on the disk; `withdraw`
 * takes back those of an occurrence, where nothing of the batch was written.
 */
export interface Plan {
  put: [key: string, value: Json][];
  del: string[];
  release(): void;
  withdraw?(): void;
}

/** What a dispatcher works with. */
export interface DispatcherParts {
  /** The node's name, part of every de-duplication key. */
  node: string;
  /** Epoch ms that never jump: the wall clock of the start and what the monotonic clock added since. */
  now(): number;
  /** How far the wall clock, which holds and records go by, is ahead of that; ms, below 0 when it is behind. */
  aheadMs(): number;
  /** The handlers of this moment. */
  handlers(): readonly HandlerPolicy[];
  /** What holds an alert back, by the wall clock. */
  holds(alert: Alert, at: number): Holds;
  /** Takes a decision that differs from the last about this handler and check, with its moments by the wall clock. */
  record(decision: DecisionRecord): void;
  /** Takes a notification into the outbox: the keys that keep it, and what lets it go. */
  enqueue(notification: Notification): Plan;
}

/** A plan of nothing, to be filled; between two slices of work it only lets the loop turn. */
export function noPlan(): Plan {
  return { put: [], del: [], release: () => {} };
}

/** Several plans as one. */
export function joined(plans: Plan[]): Plan {
  return {
    put: plans.flatMap(({ put }) => put),
    del: plans.flatMap(({ del }) => del),
    release: () => {
      for (const { release } of plans) release();
    },
    withdraw: () => {
      for (const plan of plans) plan.withdraw?.();
    },
  };
}

/** A list in parts that are looked at in one go each. */
export function* slices<Item>(items: Item[]): Generator<Item[]> {
  for (let from = 0; from < items.length; from += perSlice) yield items.slice(from, from + perSlice);
}
