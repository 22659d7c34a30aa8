import type { VerdictState } from 'opsbro/sdk';
import { recall, stepsOf } from '../../alerting/explain/recall.ts';
import { supposing } from '../../alerting/explain/suppose.ts';
import { isAbout, neverHard, strangers } from '../../alerting/explain/unheard.ts';
import {
  type ExplanationView,
  explanationView,
  type HandlerNow,
  type ParentState,
} from '../../alerting/explain/view.ts';
import { pendingStatus } from '../../alerting/model.ts';
import { alertOf } from '../../alerting/routing/alerts.ts';
import type { Alert } from '../../alerting/routing/model.ts';
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
  /** Who would be told of this state now; null: of the state it is in. */
  supposed: VerdictState | null;
}

/** Explains a check: from what is so now, or from what was recorded of a time that has passed. `show` gives its effective keys, secrets redacted. */
export async function explainCheck(
  deps: HostDeps,
  alerting: Alerting,
  show: (object: string) => Promise<ShownObject[]>,
  check: CheckObject,
  { at: asked, since, supposed }: Question,
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
    now: asked === null ? factsNow(deps, alerting, check, supposed) : null,
  });
}

function parentThen(id: string, step: ReturnType<typeof stepsOf>[number] | undefined): ParentState {
  return { id, state: step?.state ?? 'pending', hard: step?.hard ?? true, since: step?.at ?? null };
}

function factsNow(
  deps: HostDeps,
  { holds, notifications }: Alerting,
  check: CheckObject,
  supposed: VerdictState | null,
) {
  const { board, clock, table } = deps;
  const known = board.verdicts.get(check.id) ?? pendingStatus;
  const status = supposed === null ? known : supposing(known, supposed, clock.now());
  const runtime = table.get(check.id);
  const { handlers } = notifications;
  const alert = alertOf(check, status, handlers);
  const held = alert === null || alert.state === 'ok' ? { holds: [], nextAt: null } : holds.look(alert);
  return {
    status,
    supposed,
    attempts: check.attempts,
    seen: runtime === undefined ? [] : seenBy(runtime, samplesNow(board)),
    holds: held.holds,
    handlers: [
      ...(alert === null ? handlers.map(neverHard) : decisionsNow(notifications, alert, held)),
      ...strangers(check, handlers),
    ],
  };
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
