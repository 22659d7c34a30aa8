import type { Alert, HandlerEvent } from './context.ts';
import type { Json, VerdictState } from './values.ts';
import { linkTo } from './web-address.ts';

/** How bad an event is: the state of its check, or `info` for what is no check's. */
export type EventSeverity = VerdictState | 'info';

/** A name and a value for people. */
export interface EventFact {
  title: string;
  value: string;
}

/** What the strictest of the services takes as a link. */
const maxLink = 2048;
const states: readonly string[] = ['ok', 'warning', 'critical', 'unknown'] satisfies VerdictState[];

/** The checks that a `problem` or `recovery` tells of: one, or all of a group; nothing for other events. */
export function alertsOf({ type, data }: HandlerEvent): Partial<Alert>[] {
  if (type !== 'problem' && type !== 'recovery') return [];
  const { alerts } = data;
  return (Array.isArray(alerts) && alerts.length > 0 ? alerts : [data]) as unknown as Partial<Alert>[];
}

/**
 * The worst state that the event tells of (critical, unknown, warning, ok), or `info`, which the end of a check's life is too.
 * @example `const color = colors[severityOf(event)];`
 */
export function severityOf(event: HandlerEvent): EventSeverity {
  if (event.type === 'recovery') return alertsOf(event).every(({ removed }) => removed) ? 'info' : 'ok';
  if (event.type === 'agent') return event.data.change === 'ended' ? 'ok' : 'warning';
  if (event.type === 'node') return severityOfNode(event.data);
  if (event.type === 'alert') return severityOfAlert(event.data);
  const found = alertsOf(event).map(({ state }) => String(state));
  return (['critical', 'unknown', 'warning', 'ok'] as const).find((state) => found.includes(state)) ?? 'info';
}

/**
 * A title of one line, with the worst check by name: `CRITICAL disk / on web1`, `[TEST] …` and `[CANARY] …` for what is no alert.
 * @example `subject: titleOf(event)`
 */
export function titleOf(event: HandlerEvent): string {
  if (event.type === 'test' || event.type === 'canary')
    return `[${event.type.toUpperCase()}] OpsBro on ${event.node}`;
  if (event.type === 'node') return `${oneLine(event.summary)}, seen by ${event.node}`;
  if (event.type === 'alert') return `${severityOf(event).toUpperCase()} ${oneLine(event.summary)}`;
  const alerts = alertsOf(event);
  const severity = severityOf(event);
  const worst = alerts.find(({ removed, state }) => state === severity && !removed) ?? alerts[0];
  if (worst === undefined) return `${oneLine(event.summary)} on ${event.node}`;
  const others = alerts.length > 1 ? ` and ${alerts.length - 1} more` : '';
  const again = Number(worst.repeat) > 0 ? ' (still)' : '';
  const name = oneLine(text(worst.display_name) || text(worst.name));
  return `${wordOf(worst, severity)}${again} ${name}${others} on ${event.node}`;
}

/** What there is to say below the title: outputs, notes, the runbook. One line per check when there are several. */
export function bodyOf(event: HandlerEvent): string {
  const alerts = alertsOf(event);
  if (alerts.length === 0) return event.summary;
  if (alerts.length > 1)
    return alerts
      .map((each) => `${wordOf(each, text(each.state))} ${each.name}: ${oneLine(text(each.output))}`)
      .join('\n');
  const [{ output, long_output, notes, runbook } = {}] = alerts;
  const parts = [text(output) || event.summary, text(long_output), text(notes), text(runbook)];
  return parts.filter((part) => part !== '').join('\n');
}

/**
 * The runbook of the check that is told of, or of the first, as the address of a web page; undefined where it is none. Services refuse a
 * whole message for a link with a space in it.
 * @example `const click = runbookOf(event);`
 */
export function runbookOf(event: HandlerEvent): string | undefined {
  const link = linkTo(text(alertsOf(event)[0]?.runbook));
  return link === undefined || link.length > maxLink ? undefined : link;
}

/** Node, check, state and labels, for services that show fields; of a node of the cluster what it is, and who tells of it. */
export function factsOf(event: HandlerEvent): EventFact[] {
  if (event.type === 'node') return factsOfNode(event);
  const alerts = alertsOf(event);
  const facts = [{ title: 'Node', value: event.node }];
  if (alerts.length > 0)
    facts.push({ title: 'Check', value: alerts.map(({ name }) => text(name)).join(', ') });
  const [first] = alerts;
  if (alerts.length !== 1 || first === undefined) return facts;
  if (states.includes(text(first.old_state))) facts.push({ title: 'Before', value: text(first.old_state) });
  for (const [title, value] of Object.entries(first.labels ?? {}))
    facts.push({ title, value: String(value) });
  return facts;
}

/** What was sent says how bad it is. */
function severityOfAlert({ severity }: HandlerEvent['data']): EventSeverity {
  return states.includes(text(severity)) ? (severity as VerdictState) : 'critical';
}

/** A death is critical, and so is a zone out of reach, a suspicion a warning; a check of a node is as bad as what it makes fail. */
function severityOfNode({ what, added }: HandlerEvent['data']): EventSeverity {
  if (what === 'dead' || what === 'unreachable') return 'critical';
  if (what === 'suspect') return 'warning';
  if (what === 'alive' || what === 'new' || what === 'reached') return 'ok';
  if (what !== 'checks') return 'info';
  return Array.isArray(added) && added.length > 0 ? 'critical' : 'ok';
}

function factsOfNode({ node, data }: HandlerEvent): EventFact[] {
  const list = (value: Json | undefined): string =>
    Array.isArray(value) ? value.map(text).join(', ') : text(value);
  const { nodes } = data;
  const facts = [
    {
      title: 'Node',
      value: Array.isArray(nodes)
        ? nodes.map((each) => text((each as { name?: Json } | null)?.name)).join(', ')
        : text(data.name),
    },
    { title: 'Zone', value: list(data.zone ?? data.zones) },
    { title: 'Addresses', value: list(data.addresses) },
    { title: 'Groups', value: list(data.groups) },
    { title: 'Failing', value: list(data.failing) },
    { title: 'Seen by', value: node },
  ];
  return facts.filter(({ value }) => value !== '');
}

/** At most `max` characters, the last one `…` where something was cut; never half of a character. */
export function cutText(value: string, max: number): string {
  if (value.length <= max) return value;
  return `${value.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A check that is gone is not well again. */
function wordOf({ removed }: Partial<Alert>, state: string): string {
  return removed === true ? 'CLOSED' : state.toUpperCase();
}

function oneLine(value: string): string {
  return value.replaceAll(/\s+/g, ' ').trim();
}

function text(value: Json | undefined): string {
  return value === undefined || value === null ? '' : String(value);
}
