import {
  bodyOf,
  cutText,
  DeliveryError,
  type EventSeverity,
  factsOf,
  type HandlerEvent,
  severityOf,
  titleOf,
} from 'opsbro/sdk';

/** The options of a Telegram handler, see `plugin.yml`. */
export interface TelegramOptions {
  token: string;
  chat_id: string | number;
  thread_id?: number;
  silent: EventSeverity[];
  endpoint: string;
  ca_file: string;
}

/** Parameters of the method `sendMessage`. */
export interface TelegramMessage {
  chat_id: string | number;
  text: string;
  message_thread_id?: number;
  disable_notification: boolean;
  link_preview_options: { is_disabled: boolean };
}

const symbols = { ok: '✅', warning: '⚠️', critical: '🔴', unknown: '❓', info: 'ℹ️' };
const maxText = 4096;

/** A message without markup: nothing of an output can be taken for any. */
export function messageOf(options: TelegramOptions, event: HandlerEvent): TelegramMessage {
  const severity = severityOf(event);
  const facts = factsOf(event)
    .filter(({ title }) => title !== 'Node' && title !== 'Check')
    .map(({ title, value }) => `${title}: ${value}`);
  const text = [`${symbols[severity]} ${titleOf(event)}`, bodyOf(event), ...facts].join('\n');
  return {
    chat_id: options.chat_id,
    text: cutText(text, maxText),
    ...(options.thread_id !== undefined && { message_thread_id: options.thread_id }),
    disable_notification: options.silent.includes(severity),
    link_preview_options: { is_disabled: true },
  };
}

/** The id of the supergroup that a group has become, as a refusal tells it; undefined where it tells none. */
export function newChatOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof DeliveryError) || thrown.answer?.status !== 400) return undefined;
  try {
    const id: unknown = JSON.parse(thrown.answer.text)?.parameters?.migrate_to_chat_id;
    return Number.isSafeInteger(id) ? (id as number) : undefined;
  } catch {
    return undefined;
  }
}
