import { createHash } from 'node:crypto';
import {
  type Alert,
  alertsOf,
  bodyOf,
  cutText,
  type HandlerEvent,
  type Json,
  runbookOf,
  severityOf,
  titleOf,
} from 'opsbro/sdk';

/** A request to the Events API v2, without its routing key. */
export interface PagerDutyEvent {
  event_action: 'trigger' | 'acknowledge' | 'resolve';
  dedup_key: string;
  client?: string;
  links?: { href: string; text: string }[];
  payload?: {
    summary: string;
    source: string;
    severity: 'critical' | 'error' | 'warning' | 'info';
    timestamp: string;
    component?: string;
    group?: string;
    class?: string;
    custom_details: object;
  };
}

const severities = {
  critical: 'critical',
  unknown: 'error',
  warning: 'warning',
  ok: 'info',
  info: 'info',
} as const;
const maxSummary = 1024;
const maxKey = 255;
/** Checks of which several agents may tell. */
const shared = 'push/check/';

/**
 * What an event is to PagerDuty. A check has one alert, by its id and its node, or `origin` if it is of old OverC clients: problems trigger it, recoveries resolve it, acknowledgements
 * acknowledge it. A test triggers an alert of its own and resolves it at once; a canary resolves one that does not exist, which calls
 * nobody. Trouble of the agent triggers, its end resolves; changes of groups and nodes, flapping, downtimes and silences are nothing to wake up for.
 */
export function pagerDutyEvents(event: HandlerEvent, origin = ''): PagerDutyEvent[] {
  const alerts = alertsOf(event);
  if (alerts.length > 0) return alerts.map((alert) => ofAlert(event, origin, alert));
  const own = keyOf(event.key);
  if (event.type === 'agent') return [ofTrouble(event)];
  if (event.type === 'canary') return [{ event_action: 'resolve', dedup_key: own }];
  if (event.type === 'test') return [triggered(event, own), { event_action: 'resolve', dedup_key: own }];
  if (event.type !== 'acknowledgement' || event.data.change === 'ended') return [];
  return [
    { event_action: 'acknowledge', dedup_key: keyOfCheck(event, origin, event.data.check ?? event.data.id) },
  ];
}

/** A trouble has one alert, which its end resolves. */
function ofTrouble(event: HandlerEvent): PagerDutyEvent {
  const { trouble, subject, change } = event.data;
  const key = keyOf(trouble === undefined ? event.key : `${event.node}/agent/${trouble}/${subject}`);
  return change === 'ended' ? { event_action: 'resolve', dedup_key: key } : triggered(event, key);
}

function ofAlert(event: HandlerEvent, origin: string, alert: Partial<Alert>): PagerDutyEvent {
  const key = keyOfCheck(event, origin, alert.check ?? alert.name);
  if (alert.state === 'ok') return { event_action: 'resolve', dedup_key: key };
  const single: HandlerEvent = { ...event, data: { ...alert } as HandlerEvent['data'] };
  return triggered(single, key, alert);
}

function triggered(event: HandlerEvent, key: string, alert?: Partial<Alert>): PagerDutyEvent {
  const href = runbookOf(event);
  return {
    event_action: 'trigger',
    dedup_key: key,
    client: 'OpsBro',
    links: href === undefined ? [] : [{ href, text: 'Runbook' }],
    payload: {
      summary: cutText(alert?.output ? `${titleOf(event)}: ${alert.output}` : titleOf(event), maxSummary),
      source: event.node,
      severity: severities[severityOf(event)],
      timestamp: new Date(event.at).toISOString(),
      ...(alert !== undefined && { component: alert.name ?? '', group: alert.pack ?? '', class: 'check' }),
      custom_details: { ...alert?.labels, text: bodyOf(event) },
    },
  };
}

/** Checks of the agent itself are its node's, whatever `origin` is. */
function keyOfCheck({ node }: HandlerEvent, origin: string, check: Json | undefined): string {
  const isShared = String(check).startsWith(shared);
  return keyOf(`${(isShared && origin) || node}/${check}`);
}

function keyOf(text: string): string {
  return text.length <= maxKey ? text : createHash('sha256').update(text).digest('hex');
}
