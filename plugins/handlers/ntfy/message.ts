import { bodyOf, cutText, type HandlerEvent, runbookOf, severityOf, titleOf } from 'opsbro/sdk';

/** The options of an ntfy handler, see `plugin.yml`. */
export interface NtfyOptions {
  topic: string;
  server: string;
  token: string;
  username: string;
  password: string;
  ca_file: string;
}

/** A message in ntfy's JSON. */
export interface NtfyMessage {
  topic: string;
  title: string;
  message: string;
  tags: string[];
  /** 1 to 5, 3 is the default. */
  priority: number;
  click?: string;
}

const tags = {
  ok: 'white_check_mark',
  warning: 'warning',
  critical: 'rotating_light',
  unknown: 'question',
  info: 'information_source',
};
const priorities = { ok: 3, warning: 3, critical: 5, unknown: 4, info: 2 };
const maxTitle = 200;
/** ntfy turns what has over 4,096 bytes into a file; a character has at most three here. */
const maxMessage = 1300;

/** The event as a message; a tap opens the runbook. */
export function messageOf(topic: string, event: HandlerEvent): NtfyMessage {
  const severity = severityOf(event);
  const click = runbookOf(event);
  return {
    topic,
    title: cutText(titleOf(event), maxTitle),
    message: cutText(bodyOf(event), maxMessage),
    tags: [tags[severity]],
    priority: priorities[severity],
    ...(click !== undefined && { click }),
  };
}

/** A token goes before user and password. */
export function authorization({ token, username, password }: NtfyOptions): { authorization?: string } {
  if (token !== '') return { authorization: `Bearer ${token}` };
  if (username === '') return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}
