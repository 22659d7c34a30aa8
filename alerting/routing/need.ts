import type { Alert, Decision, EscalationStep, HandlerPolicy, Holds, Need, Told } from './model.ts';

/** What a handler should be told of a check now, why, and when that may change by itself (epoch ms, null: not). */
export interface Finding {
  need: Need | null;
  decision: Decision;
  nextAt: number | null;
  /** What it was told no longer holds and nobody needs to know. */
  forget?: true;
}

/**
 * Compares what a handler should know of an alert with what it was told: level-triggered, as Alertmanager's notifications are
 * (https://prometheus.io/docs/alerting/latest/alertmanager/). So a restart, a reload and the end of a downtime need no care of their own.
 */
export function findNeed(
  handler: HandlerPolicy,
  alert: Alert,
  told: Told | undefined,
  holds: Holds,
  at: number,
): Finding {
  if (alert.state === 'ok' || alert.removed) return recovery(handler, alert, told);
  const wanted = isWanted(handler, alert, at);
  if (wanted !== null) return wanted;
  const held = isHeld(handler, alert, holds, at);
  return held ?? problem(handler, alert, told, at);
}

/** When a handler is told of an alert, in ms after the problem began; null when it is not meant for it. */
export function toldAfter(
  handler: Pick<HandlerPolicy, 'name'>,
  { handlers, escalation }: Alert,
): number | null {
  if (handlers.includes(handler.name)) return 0;
  const steps = escalation.filter((step) => step.handlers.includes(handler.name));
  return steps.length === 0 ? null : Math.min(...steps.map(({ afterMs }) => afterMs));
}

/** The steps of an alert: its own and those of the handlers that are told at once. */
export function escalationOf(
  own: EscalationStep[],
  handlers: string[],
  policies: readonly HandlerPolicy[],
): EscalationStep[] {
  return [
    ...own,
    ...policies.filter(({ name }) => handlers.includes(name)).flatMap((each) => each.escalation),
  ];
}

function recovery(handler: HandlerPolicy, alert: Alert, told: Told | undefined): Finding {
  if (told === undefined)
    return nothing('up-to-date', 'the check is ok, and this handler was told of no problem');
  if (told.state === 'ok') return nothing('up-to-date', 'the check is ok, as it was told');
  if (!handler.enabled) return nothing('not-wanted', 'the handler is not enabled');
  if (!handler.severities.includes('ok'))
    return { ...nothing('not-wanted', "its severities lack 'ok'"), forget: true };
  const reason = alert.removed ? 'the check is no longer run here' : 'the check is ok again';
  return {
    need: { type: 'recovery', repeat: 0 },
    decision: { outcome: 'told', reason, until: null },
    nextAt: null,
  };
}

function isWanted(handler: HandlerPolicy, alert: Alert, at: number): Finding | null {
  if (!handler.enabled) return nothing('not-wanted', 'the handler is not enabled');
  if (!handler.inGroup) return nothing('not-wanted', 'its if_group does not hold here');
  const after = toldAfter(handler, alert);
  if (after === null) return nothing('not-wanted', 'the check does not name this handler');
  if (!handler.severities.includes(alert.state))
    return nothing('not-wanted', `its severities lack '${alert.state}'`);
  const from = (alert.problemSince ?? at) + after;
  if (from > at) return nothing('waits', 'the escalation has not come to this handler yet', from);
  return null;
}

function isHeld(handler: HandlerPolicy, alert: Alert, { holds, nextAt }: Holds, at: number): Finding | null {
  if (alert.shadow) return nothing('held', 'the check runs in shadow mode');
  if (holds.length > 0) {
    // It is held until the last of them lets go; of one nobody knows when, nor then of all.
    const ends = holds.map((hold) => hold.until ?? Number.POSITIVE_INFINITY);
    const last = Math.max(...ends);
    const until = last === Number.POSITIVE_INFINITY ? null : last;
    return { ...nothing('held', holds.map(({ text }) => text).join('; '), until), nextAt };
  }
  const quiet = handler.quietUntil(at, alert.state);
  return quiet === null ? null : nothing('held', 'quiet hours', quiet);
}

function problem(handler: HandlerPolicy, alert: Alert, told: Told | undefined, at: number): Finding {
  if (told === undefined || told.state !== alert.state || told.episode !== alert.episode) {
    const reason = told === undefined ? 'a new problem' : `it was told ${told.state} before`;
    return {
      need: { type: 'problem', repeat: 0 },
      decision: { outcome: 'told', reason, until: null },
      nextAt: null,
    };
  }
  if (handler.repeatIntervalMs === null) return nothing('up-to-date', 'it was told already');
  const next = told.at + handler.repeatIntervalMs;
  if (at < next) return nothing('up-to-date', 'it was told already', next);
  const repeat = told.repeats + 1;
  return {
    need: { type: 'problem', repeat },
    decision: { outcome: 'told', reason: `reminder ${repeat}`, until: null },
    nextAt: null,
  };
}

function nothing(outcome: Decision['outcome'], reason: string, until: number | null = null): Finding {
  return { need: null, decision: { outcome, reason, until }, nextAt: until };
}
