import type { HandlerEvent, JsonObject } from 'opsbro/sdk';
import { recall, stepsOf } from '../../alerting/explain/recall.ts';
import {
  type ExplanationView,
  explanationView,
  type HandlerNow,
  type ParentState,
} from '../../alerting/explain/view.ts';
import { pendingStatus } from '../../alerting/model.ts';
import { alertOf } from '../../alerting/routing/alerts.ts';
import type { Alert, HandlerPolicy } from '../../alerting/routing/model.ts';
import type { CheckObject, ShownObject } from '../../configuration/model.ts';
import type { HostDeps } from '../host/deps.ts';
import { samplesNow, seenBy } from '../results/seen.ts';
import type { Alerting } from './alerting.ts';

/** The keys that decide what state a check is in, and where to read what to do. */
const told = [
  'critical_if',
  'warning_if',
  'variables',
  'language',
  'script',
  'command',
  'options',
  'parameters',
  'runbook',
];

/** What is asked of a check: the moment (null: now), and from when on its steps are told; epoch ms. */
export interface Question {
  at: number | null;
  since: number;
}

/** Explains a check: from what is so now, or from what was recorded of a time that has passed. `show` gives its effective keys, secrets redacted. */
export async function explainCheck(
  deps: HostDeps,
  alerting: Alerting,
  show: (object: string) => Promise<ShownObject[]>,
  check: CheckObject,
  { at: asked, since }: Question,
): Promise<ExplanationView> {
  const { records } = alerting;
  const at = asked ?? deps.clock.now();
  const find: typeof records.about = (subjects, until) => records.about(subjects, until);
  const [recalled, shown] = await Promise.all([recall(find, check.id, at), show(check.id)]);
  const keys = shown.flatMap((one) => one.keys).filter(({ key }) => told.includes(key.split('.')[0] ?? ''));
  const stateOf = (id: string): ParentState | Promise<ParentState> =>
    asked === null || id.startsWith('group:')
      ? alerting.holds.parentState(id)
      : recall(find, id, at).then((found) => parentThen(id, stepsOf(found).at(-1)));
  return explanationView({
    at,
    since,
    knownSince: records.knownSince(),
    written: keys.map(({ key, value }) => ({ key, value })),
    parents: await Promise.all(alerting.holds.above(check.id).map(stateOf)),
    recalled,
    now: asked === null ? factsNow(deps, alerting, check) : null,
  });
}

function parentThen(id: string, step: ReturnType<typeof stepsOf>[number] | undefined): ParentState {
  return { id, state: step?.state ?? 'pending', hard: step?.hard ?? true, since: step?.at ?? null };
}

function factsNow(deps: HostDeps, { holds, notifications }: Alerting, check: CheckObject) {
  const { board, table } = deps;
  const status = board.verdicts.get(check.id) ?? pendingStatus;
  const runtime = table.get(check.id);
  const { handlers } = notifications;
  const alert = alertOf(check, status, handlers);
  const held = alert === null || alert.state === 'ok' ? { holds: [], nextAt: null } : holds.look(alert);
  return {
    status,
    attempts: check.attempts,
    seen: runtime === undefined ? [] : seenBy(runtime, samplesNow(board)),
    holds: held.holds,
    handlers: [
      ...(alert === null ? handlers.map(neverHard) : decisionsNow(notifications, alert, held)),
      ...strangers(check, handlers),
    ],
  };
}

function neverHard({ name }: HandlerPolicy): HandlerNow {
  return unheard(name, 'up-to-date', 'the check had no hard state yet');
}

/** Those that the check names and nobody configured. */
function strangers({ handlers }: CheckObject, policies: readonly HandlerPolicy[]): HandlerNow[] {
  const known = new Set(policies.map(({ name }) => name));
  const reason = "the check names it, but no such handler is configured; see 'opsbro config status'";
  return (handlers ?? [])
    .filter((name) => !known.has(name))
    .map((name) => unheard(name, 'not-wanted', reason));
}

function unheard(handler: string, outcome: HandlerNow['decision']['outcome'], reason: string): HandlerNow {
  return { handler, decision: { outcome, reason, until: null }, told: undefined, group: '', outbox: [] };
}

function decisionsNow(
  { dispatcher, handlers, outbox }: Alerting['notifications'],
  alert: Alert,
  holds: ReturnType<Alerting['holds']['look']>,
): HandlerNow[] {
  const undelivered = outbox.list().filter(({ event }) => isAbout(event, alert.check));
  return dispatcher.explain(alert, holds).map((one, index) => {
    const policy = handlers[index];
    return { ...one, outbox: undelivered.filter(({ handler }) => handler === policy?.id) };
  });
}

/** A notification of the check's state, by itself or in a group. */
function isAbout({ type, data }: HandlerEvent, check: string): boolean {
  if (type !== 'problem' && type !== 'recovery') return false;
  const members = (Array.isArray(data.alerts) ? data.alerts : [data]) as JsonObject[];
  return members.some((member) => member.check === check);
}
