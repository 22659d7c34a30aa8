import {
  type Alert,
  alertsOf,
  bodyOf,
  cutText,
  type EventSeverity,
  factsOf,
  type HandlerEvent,
  severityOf,
  titleOf,
} from 'opsbro/sdk';

/** A field of an attachment. */
export interface SlackField {
  title: string;
  value: string;
  short: boolean;
}

/** What is shown with a coloured bar, as Slack documents secondary attachments. */
export interface SlackAttachment {
  fallback: string;
  pretext: string;
  text: string;
  color: string;
  author_name: string;
  footer: string;
  /** Epoch seconds. */
  ts: number;
  fields: SlackField[];
}

const colors: { [severity in EventSeverity]: string } = {
  ok: 'good',
  warning: 'warning',
  critical: 'danger',
  unknown: '#764FA5',
  info: '#439FE0',
};
const maxText = 3000;
/** What the texts of several share: Slack names no limit, but has one, and what is over it is refused for good. */
const maxTexts = 12_000;
const maxField = 300;
const maxAttachments = 20;

/** One attachment per check that the event tells of, the last one for all those beyond twenty; or one for the event. */
export function attachmentsOf(event: HandlerEvent): SlackAttachment[] {
  if (event.type === 'group') return [groupAttachment(event)];
  const alerts = alertsOf(event);
  if (alerts.length <= 1) return [attachment(event, bodyOf(event), alerts[0])];
  const shown = alerts.length > maxAttachments ? maxAttachments - 1 : alerts.length;
  const share = Math.min(maxText, Math.floor(maxTexts / shown));
  const attachments = alerts.slice(0, shown).map((alert) => {
    const single: HandlerEvent = { ...event, data: { ...alert } as HandlerEvent['data'] };
    return attachment(single, cutText(bodyOf(single), share), alert);
  });
  if (shown === alerts.length) return attachments;
  const rest = alerts.slice(shown) as HandlerEvent['data'][];
  const others: HandlerEvent = { ...event, data: { ...event.data, alerts: rest } };
  return [...attachments, attachment(others, `and ${rest.length} more:\n${bodyOf(others)}`)];
}

function attachment(event: HandlerEvent, text: string, alert?: Partial<Alert>): SlackAttachment {
  const author = alert?.display_name ? `${event.node} [${alert.display_name}]` : event.node;
  const isMarked = event.type === 'test' || event.type === 'canary';
  return {
    fallback: escaped(titleOf(event)),
    pretext: isMarked ? escaped(titleOf(event)) : ' ',
    text: escaped(cutText(text, maxText)),
    color: colors[severityOf(event)],
    author_name: author,
    footer: `Send by OpsBro on ${author}`,
    ts: Math.floor(event.at / 1000),
    fields: factsOf(event).map(({ title, value }) => ({
      title,
      value: escaped(cutText(value, maxField)),
      short: true,
    })),
  };
}

function groupAttachment(event: HandlerEvent): SlackAttachment {
  const { group, modification } = event.data;
  return {
    ...attachment(event, `The group ${group} was ${modification}`),
    color: modification === 'add' ? 'good' : 'danger',
    fields: [
      { title: 'Node', value: escaped(event.node), short: true },
      { title: `Group:${modification}`, value: escaped(String(group)), short: true },
    ],
  };
}

/** Slack reads these three as control characters, so that an output could call `<!channel>`. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
