import { type Context, DeliveryError, deliver } from 'opsbro/sdk';
import type { SlackAttachment } from './message.ts';

/** The options of a Slack handler, see `plugin.yml`. */
export interface SlackOptions {
  token: string;
  channel: string;
  webhook_url: string;
  endpoint: string;
  ca_file: string;
}

/** What Slack's methods answer, with status 200 also when they refuse. */
interface Answer {
  ok?: boolean;
  error?: string;
  /** Of `conversations.create`. */
  channel?: { id?: string };
}

/** Errors that pass by themselves, a workspace that is being moved among them; every other one wants somebody to change something. */
const passing = new Set(
  (
    'ratelimited rate_limited message_limit_exceeded internal_error fatal_error service_unavailable request_timeout ' +
    'team_added_to_org org_login_required'
  ).split(' '),
);

/** Posts to an incoming webhook. */
export async function postToWebhook(
  ctx: Context<SlackOptions>,
  attachments: SlackAttachment[],
): Promise<void> {
  const { webhook_url: url, ca_file: caFile } = ctx.options;
  await deliver(ctx, { url, caFile, json: { text: '', attachments } });
}

/** Posts by `chat.postMessage`. A channel that does not exist is created, and the message sent once more. */
export async function postMessage(
  ctx: Context<SlackOptions>,
  token: string,
  attachments: SlackAttachment[],
): Promise<void> {
  const channel = addressOf(ctx.options.channel);
  // Slack refuses `as_user` from apps of today; legacy tokens post as their owner with it.
  const message = { channel, text: '', attachments, ...(token.startsWith('xoxp-') && { as_user: true }) };
  const first = await call(ctx, token, 'chat.postMessage', message);
  if (first.ok) return;
  if (first.error !== 'channel_not_found' || isId(channel)) throw refusal('chat.postMessage', first);
  const created = await call(ctx, token, 'conversations.create', { name: channelName(channel) });
  if (!created.ok) throw refusal(`conversations.create of ${channel}`, created);
  ctx.log.info('created the Slack channel', { channel });
  const second = await call(ctx, token, 'chat.postMessage', {
    ...message,
    channel: created.channel?.id ?? channel,
  });
  if (!second.ok) throw refusal('chat.postMessage', second);
}

async function call(
  ctx: Context<SlackOptions>,
  token: string,
  method: string,
  json: object,
): Promise<Answer> {
  const { endpoint, ca_file: caFile } = ctx.options;
  const { text, headers } = await deliver(ctx, {
    url: `${endpoint.replace(/\/$/, '')}/${method}`,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
    json,
    caFile,
    secrets: [token],
  });
  try {
    return (JSON.parse(text) ?? {}) as Answer;
  } catch {
    throw new DeliveryError(`${method}: the answer is no JSON but ${headers['content-type'] ?? 'something'}`);
  }
}

function refusal(method: string, { error = 'no reason given' }: Answer): DeliveryError {
  const advice: { [error: string]: string } = {
    name_taken: '; it exists: invite the app to it',
    not_in_channel: '; invite the app to the channel',
    missing_scope: '; the app needs the scopes chat:write and channels:manage',
  };
  return new DeliveryError(`slack: ${method}: ${error}${advice[error] ?? ''}`, {
    permanent: !passing.has(error),
  });
}

/** Ids of channels, and who can be written to; a channel of such a name cannot be created. */
function isId(channel: string): boolean {
  return channel.startsWith('@') || /^[CDGUW][A-Z0-9]{8,}$/.test(channel);
}

/** The channel as Slack knows it: what cannot be a name was created as another. */
function addressOf(channel: string): string {
  return isId(channel) ? channel : `${channel.startsWith('#') ? '#' : ''}${channelName(channel)}`;
}

/** Names are lower case, without spaces and dots, of at most 80 characters. */
function channelName(channel: string): string {
  return channel
    .replace(/^#/, '')
    .toLowerCase()
    .replaceAll(/[\s.]+/g, '-')
    .slice(0, 80);
}
