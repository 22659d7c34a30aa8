import {
  bodyOf,
  cutText,
  type EventSeverity,
  factsOf,
  type HandlerEvent,
  runbookOf,
  severityOf,
  titleOf,
} from 'opsbro/sdk';

/** A message with one Adaptive Card, as workflows take it. */
export interface TeamsMessage {
  type: 'message';
  attachments: { contentType: string; contentUrl: null; content: AdaptiveCard }[];
}

/** The parts of an Adaptive Card that are used here. */
export interface AdaptiveCard {
  $schema: string;
  type: 'AdaptiveCard';
  version: string;
  body: object[];
  actions: object[];
  msteams: { width: 'Full' };
}

const colors: { [severity in EventSeverity]: string } = {
  ok: 'Good',
  warning: 'Warning',
  critical: 'Attention',
  unknown: 'Accent',
  info: 'Default',
};
/** A message may have 28 KB. */
const maxTitle = 300;
const maxText = 5000;
const maxFacts = 10;
const maxFact = 100;

/** A card with title, text and facts, and a button for the runbook. */
export function messageOf(event: HandlerEvent): TeamsMessage {
  const color = colors[severityOf(event)];
  const title = { size: 'Medium', weight: 'Bolder', color, text: plain(cutText(titleOf(event), maxTitle)) };
  const facts = factsOf(event)
    .slice(0, maxFacts)
    .map(({ title, value }) => ({ title: cutText(title, maxFact), value: plain(cutText(value, maxFact)) }));
  const url = runbookOf(event);
  const content: AdaptiveCard = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      { type: 'TextBlock', wrap: true, ...title },
      { type: 'TextBlock', wrap: true, text: plain(cutText(bodyOf(event), maxText)) },
      { type: 'FactSet', facts },
    ],
    actions: url === undefined ? [] : [{ type: 'Action.OpenUrl', title: 'Runbook', url }],
    msteams: { width: 'Full' },
  };
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] };
}

/** Text blocks are Markdown: a line end wants two, and no output makes a link or bold type. */
function plain(text: string): string {
  return text.replaceAll(/[\\*_[\]]/g, '\\$&').replaceAll('\n', '\n\n');
}
