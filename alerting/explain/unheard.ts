import type { HandlerEvent, JsonObject } from 'opsbro/sdk';
import type { RoutedCheck } from '../routing/alerts.ts';
import type { HandlerPolicy } from '../routing/model.ts';
import type { HandlerNow } from './view.ts';

/** Of a check without a hard state there is nothing to tell. */
export function neverHard({ name }: HandlerPolicy): HandlerNow {
  return unheard(name, 'up-to-date', 'the check had no hard state yet');
}

/** Those that the check names and nobody configured. */
export function strangers({ handlers }: RoutedCheck, policies: readonly HandlerPolicy[]): HandlerNow[] {
  const known = new Set(policies.map(({ name }) => name));
  const reason = "the check names it, but no such handler is configured; see 'opsbro config status'";
  return (handlers ?? [])
    .filter((name) => !known.has(name))
    .map((name) => unheard(name, 'not-wanted', reason));
}

function unheard(handler: string, outcome: HandlerNow['decision']['outcome'], reason: string): HandlerNow {
  return { handler, decision: { outcome, reason, until: null }, told: undefined, group: '', outbox: [] };
}

/** A notification of the check's state, by itself or in a group. */
export function isAbout({ type, data }: HandlerEvent, check: string): boolean {
  if (type !== 'problem' && type !== 'recovery') return false;
  const members = (Array.isArray(data.alerts) ? data.alerts : [data]) as JsonObject[];
  return members.some((member) => member.check === check);
}
