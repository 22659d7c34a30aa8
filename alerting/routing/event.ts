import type { HandlerEvent, JsonObject } from 'opsbro/sdk';
import type { Alert, Member, Notification } from './model.ts';
import { toldAfter } from './need.ts';
import { perfdataText } from './perfdata-text.ts';

/** Instead of what its last run said, which was of a problem. */
const removedText = 'the check is no longer run here';

/** The event a handler gets for a notification: the first member's data, with all of them in `alerts`. */
export function eventOf(notification: Notification, node: string, at: number, handler: string): HandlerEvent {
  const { key, type, members, group } = notification;
  const alerts = members.map((member) => dataOf(member, at, handler));
  return {
    key,
    type,
    at,
    node,
    summary: group === '' ? summaryOf(members[0] as Member) : groupSummary(group, members),
    data: { ...alerts[0], group, alerts },
  };
}

function dataOf({ alert, change, repeat }: Member, at: number, handler: string): JsonObject {
  return {
    check: alert.check,
    name: alert.name,
    display_name: alert.displayName,
    pack: alert.pack,
    state: change === 'recovered' ? 'ok' : alert.state,
    old_state: alert.oldState,
    removed: alert.removed,
    output: alert.removed ? removedText : alert.output,
    long_output: alert.removed ? '' : alert.longOutput,
    perfdata: alert.removed ? '' : perfdataText(alert.perfdata),
    since: alert.since,
    at,
    attempt: alert.attempt,
    attempts: alert.attempts,
    episode: alert.episode,
    change,
    repeat,
    escalation: stepOf(alert, handler),
    notes: alert.notes,
    runbook: alert.runbook,
    labels: alert.labels,
  };
}

/** Which step of the escalation calls a handler, counted from 1; 0 when it is told at once. */
function stepOf(alert: Alert, name: string): number {
  const after = toldAfter({ name }, alert) ?? 0;
  const steps = [...new Set(alert.escalation.map(({ afterMs }) => afterMs))].sort(
    (left, right) => left - right,
  );
  return after === 0 ? 0 : steps.indexOf(after) + 1;
}

function summaryOf({ alert, change, repeat }: Member): string {
  const { name, state, oldState, output, removed } = alert;
  if (removed) return `check ${name} is no longer run here (was ${oldState.toUpperCase()})`;
  const was = change === 'repeat' ? `reminder ${repeat}` : `was ${oldState.toUpperCase()}`;
  return `check ${name} is ${state.toUpperCase()} (${was}): ${output}`;
}

function groupSummary(group: string, members: Member[]): string {
  const problems = members.filter(({ change }) => change !== 'recovered');
  const counts = ['critical', 'warning', 'unknown']
    .map((state) => [problems.filter(({ alert }) => alert.state === state).length, state] as const)
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`);
  const removed = members.filter(({ alert }) => alert.removed).length;
  const recovered = members.length - problems.length - removed;
  if (recovered > 0) counts.push(`${recovered} recovered`);
  if (removed > 0) counts.push(`${removed} no longer run here`);
  const names = members.slice(0, 5).map(({ alert }) => alert.name);
  const more = members.length > names.length ? ' …' : '';
  return `${group}: ${counts.join(', ')} (${names.join(', ')}${more})`;
}
