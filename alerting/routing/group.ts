import type { Alert, GroupRecord, HandlerPolicy, Member, Notification, Told } from './model.ts';
import type { Finding } from './need.ts';

/** What one notification may carry; the rest follows at once in others. */
const membersPerNotification = 500;

/** What the clock or somebody's hand may have changed behind our back is looked at again after so long. */
const heldLookMs = 30_000;

/** An alert of a group, and what was found about it. */
export interface Candidate {
  alert: Alert;
  told: Told | undefined;
  finding: Finding;
}

/** The group an alert belongs to for a handler: the values of its `group_by`, or the check itself. */
export function groupOf(handler: HandlerPolicy, alert: Alert, node: string): string {
  if (handler.groupBy.length === 0) return alert.check;
  return handler.groupBy.map((name) => `${name}=${labelOf(alert, name, node)}`).join(',');
}

function labelOf(alert: Alert, name: string, node: string): string {
  switch (name) {
    case 'node':
      return node;
    case 'check':
      return alert.check;
    case 'name':
      return alert.name;
    case 'pack':
      return alert.pack;
    case 'state':
      return alert.state;
    default:
      return alert.labels[name] ?? '';
  }
}

/**
 * When a group that needs something since `needAt` is told: a new group `group_wait` later, so that what breaks together is told together, a
 * known one at most once per `group_interval`. Epoch ms.
 */
export function sendAt(handler: HandlerPolicy, record: GroupRecord | undefined, needAt: number): number {
  if (handler.groupBy.length === 0) return needAt;
  if (record === undefined) return needAt + handler.groupWaitMs;
  return Math.max(needAt, record.sentAt + handler.groupIntervalMs);
}

/**
 * The notification of a group: everything that needs to be told, beside what is known to be broken. It tells of the end of the group's problems
 * where nothing of the group is broken any more, whatever it has room for.
 */
export function notificationOf(
  handler: HandlerPolicy,
  group: string,
  candidates: Candidate[],
  serial: number,
  node: string,
): Notification {
  const needed = candidates.filter(({ finding }) => finding.need !== null);
  const known = candidates.filter(({ finding, told }) => finding.need === null && told !== undefined);
  const all = [...needed, ...known].map(memberOf);
  const members = all.slice(0, membersPerNotification);
  const type = all.some(({ change }) => change !== 'recovered') ? 'problem' : 'recovery';
  const single = handler.groupBy.length === 0 ? members[0] : undefined;
  return {
    handler: handler.id,
    order: single === undefined ? `group ${group}` : single.alert.check,
    key: single === undefined ? `${node}/${handler.name}/${group}/${serial}` : keyOf(node, single),
    type,
    members,
    group: single === undefined ? group : '',
  };
}

/** A check that is taken out and comes back counts its episodes anew: the second it began in tells them apart. */
function keyOf(node: string, { alert, change, repeat }: Member): string {
  const type = change === 'recovered' ? 'recovery' : 'problem';
  const reminder = repeat === 0 ? '' : `/${repeat}`;
  return `${node}/${alert.check}/${Math.floor(alert.since / 1000)}.${alert.episode}/${type}${reminder}`;
}

function memberOf({ alert, told, finding: { need } }: Candidate): Member {
  if (need === null) return { alert, change: 'same', repeat: 0 };
  if (need.type === 'recovery') return { alert, change: 'recovered', repeat: 0 };
  if (need.repeat > 0) return { alert, change: 'repeat', repeat: need.repeat };
  return { alert, change: told === undefined ? 'new' : 'changed', repeat: 0 };
}

/** When a group that needs nothing at `at` is looked at again; null when time alone changes nothing. Epoch ms. */
export function lookAgainAt(candidates: Candidate[], at: number): number | null {
  let soonest = Number.POSITIVE_INFINITY;
  for (const { finding } of candidates) {
    const next = finding.nextAt ?? Number.POSITIVE_INFINITY;
    soonest = Math.min(soonest, finding.decision.outcome === 'held' ? Math.min(next, at + heldLookMs) : next);
  }
  return soonest === Number.POSITIVE_INFINITY ? null : soonest;
}
