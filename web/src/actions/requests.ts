import { commandLine } from '../text/shell.ts';

/** What somebody may do about a check. */
export type ActionKind = 'acknowledge' | 'silence' | 'downtime';

/** What a form asks for. Times are durations such as `2h`. */
export interface ActionFields {
  comment: string;
  /** Of an acknowledgement '' for no end; of a silence also `resolved`. */
  until: string;
  duration: string;
  isSticky: boolean;
}

/** A request that changes something, and the command that does the same. */
export interface ActionRequest {
  path: string;
  body: { [key: string]: string | boolean | string[] };
  command: string;
}

/** What forms begin with. */
export const emptyFields: ActionFields = { comment: '', until: '', duration: '2h', isSticky: false };

/** A matcher for one check and no other, whatever its id is made of. */
export function matcherFor(id: string): string {
  if (!/[=!~"*]/.test(id)) return id;
  return `check="${id.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** The request for an action, by the name of whoever does it. */
export function actionRequest(
  kind: ActionKind,
  check: string,
  { comment, until, duration, isSticky }: ActionFields,
  by: string,
): ActionRequest {
  const said = { ...(comment !== '' && { comment }), ...(by !== '' && { by }) };
  const option = (name: string, value: string): string[] => (value === '' ? [] : [name, value]);
  if (kind === 'acknowledge')
    return {
      path: 'api/v1/acknowledgements',
      body: { check, ...(until !== '' && { until }), ...(isSticky && { sticky: true }), ...said },
      command: commandLine(
        ...['opsbro', 'ack', 'add', check],
        ...(isSticky ? ['--sticky'] : []),
        ...option('--until', until),
        ...option('--comment', comment),
      ),
    };
  const match = matcherFor(check);
  if (kind === 'silence')
    return {
      path: 'api/v1/silences',
      body: { match: [match], until: until || duration, ...said },
      command: commandLine(
        ...['opsbro', 'silence', 'add', match, '--until', until || duration],
        ...option('--comment', comment),
      ),
    };
  return {
    path: 'api/v1/downtimes',
    body: { match: [match], duration, ...said },
    command: commandLine(
      ...['opsbro', 'downtime', 'add', match, '--duration', duration],
      ...option('--comment', comment),
    ),
  };
}

/** What is held back, and how that is taken back. */
export interface HeldThing {
  kind: 'downtime' | 'acknowledgement' | 'silence';
  /** Of an acknowledgement the id of its check. */
  id: string;
}

const nouns = {
  downtime: ['downtimes', 'downtime'],
  acknowledgement: ['acknowledgements', 'ack'],
  silence: ['silences', 'silence'],
} as const;

/** The request that takes something back, and the command for it. */
export function removalRequest({ kind, id }: HeldThing, by: string): { path: string; command: string } {
  const [path, noun] = nouns[kind];
  const named = by === '' ? '' : `?by=${encodeURIComponent(by)}`;
  return {
    path: `api/v1/${path}/${encodeURIComponent(id)}${named}`,
    command: commandLine('opsbro', noun, 'remove', id),
  };
}

/** Whether text is a duration that the agent reads. */
export function isDuration(text: string): boolean {
  return /^\s*\d{1,9}(\.\d{1,6})?\s*(ms|s|m|h|d)?\s*$/.test(text);
}
